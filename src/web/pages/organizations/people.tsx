import { useDeferredValue, useState } from "react";
import { request } from "../../api/request.ts";
import { useAccountText } from "../../i18n/account.ts";
import { useOrganizationText } from "../../i18n/organizations.ts";
import { FaultNote, Loading } from "../../parts/fault.tsx";
import { type PeoplePage, type Person, useListOf, useOrganizationWrite } from "./api.ts";
import { Selection } from "./selection.tsx";

/** The people of an organisation: found, and changed together. */
export function PeoplePart({ organization, isAdmin }: { organization: string; isAdmin: boolean }) {
  const text = useOrganizationText();
  const account = useAccountText();
  const [typed, setTyped] = useState("");
  const search = useDeferredValue(typed.trim());
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const people = useListOf<PeoplePage>(organization, "people", { search: search === "" ? undefined : search });
  const rows = people.data?.pages.flatMap(({ results }) => results) ?? [];
  return (
    <>
      <search className="filters">
        <label className="field is-wide">
          <span className="visually-hidden">{text.search}</span>
          <input
            type="search"
            placeholder={text.search}
            maxLength={100}
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
          />
        </label>
      </search>
      {people.isError ? <FaultNote fault={people.error} retry={() => void people.refetch()} /> : null}
      {people.isPending ? <Loading /> : null}
      <Selection users={rows.filter(({ id }) => chosen.has(id))} isAdmin={isAdmin} clear={() => setChosen(new Set())} />
      {people.isSuccess && rows.length === 0 ? <p>{search === "" ? text.nobody : text.nobodyFound}</p> : null}
      {rows.length === 0 ? null : (
        <PeopleTable organization={organization} isAdmin={isAdmin} rows={rows} chosen={chosen} choose={setChosen} />
      )}
      {people.hasNextPage ? (
        <button type="button" className="button" onClick={() => void people.fetchNextPage()}>
          {account.more}
        </button>
      ) : null}
    </>
  );
}

function PeopleTable(props: {
  organization: string;
  isAdmin: boolean;
  rows: readonly Person[];
  chosen: ReadonlySet<string>;
  choose: (chosen: ReadonlySet<string>) => void;
}) {
  const { organization, isAdmin, rows, chosen, choose } = props;
  const text = useOrganizationText();
  const account = useAccountText();
  const manage = useOrganizationWrite(({ id, isOn }: { id: string; isOn: boolean }) =>
    request(`/organizations/${organization}/managers/${encodeURIComponent(id)}`, { method: isOn ? "PUT" : "DELETE" }),
  );
  const isAll = rows.every(({ id }) => chosen.has(id));
  const toggle = (user: string) => {
    const next = new Set(chosen);
    if (!next.delete(user)) next.add(user);
    choose(next);
  };
  return (
    <>
      {manage.isError ? <FaultNote fault={manage.error} /> : null}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard. */}
      <section className="table-scroll" tabIndex={0} aria-label={text.people}>
        <table className="roll is-acted">
          <thead>
            <tr>
              <th scope="col" className="pick">
                <input
                  type="checkbox"
                  aria-label={text.selectAll}
                  checked={isAll}
                  onChange={() => choose(isAll ? new Set() : new Set(rows.map(({ id }) => id)))}
                />
              </th>
              <th scope="col">{account.name}</th>
              <th scope="col">{account.role}</th>
              <th scope="col">{text.state}</th>
              {isAdmin ? <th scope="col">{text.manages}</th> : null}
            </tr>
          </thead>
          <tbody>
            {rows.map(({ id, name, email, role, manages, ban }) => (
              <tr key={id}>
                <td className="pick">
                  <input
                    type="checkbox"
                    aria-label={text.select(name)}
                    checked={chosen.has(id)}
                    onChange={() => toggle(id)}
                  />
                </td>
                <th scope="row">
                  {name}
                  <span className="fine">{email}</span>
                  <span className="fine">{id}</span>
                </th>
                <td>
                  {account.roles(role)} {manages ? <span className="tag">{text.manager}</span> : null}
                </td>
                <td>
                  {ban === null ? (
                    text.active
                  ) : (
                    <>
                      <span className="tag is-bad">{account.suspended}</span> <span className="fine">{ban.reason}</span>
                    </>
                  )}
                </td>
                {isAdmin ? (
                  <td>
                    <button
                      type="button"
                      className="button is-small"
                      aria-label={`${manages ? text.endManager : text.nameManager}: ${name}`}
                      aria-disabled={manage.isPending}
                      onClick={() => {
                        const sure = manages ? text.endSure(name) : text.nameSure(name);
                        if (!manage.isPending && window.confirm(sure)) manage.mutate({ id, isOn: !manages });
                      }}
                    >
                      {manages ? text.endManager : text.nameManager}
                    </button>
                  </td>
                ) : null}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </>
  );
}
