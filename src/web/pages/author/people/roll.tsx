import { useDeferredValue, useState } from "react";
import { Link } from "wouter";
import { formatInstant, useLanguage } from "../../../i18n/index.ts";
import { usePeopleText } from "../../../i18n/people.ts";
import { FaultNote, Loading } from "../../../parts/fault.tsx";
import { Meter } from "../../../parts/meter.tsx";
import { type PeopleFilter, type Person, useCohorts, usePeople } from "./api.ts";
import { Selection } from "./selection.tsx";

/** The learners of a course: found by name or cohort, and changed together. */
export function Roll({ course, mayManage }: { course: string; mayManage: boolean }) {
  const text = usePeopleText();
  const [filter, setFilter] = useState<PeopleFilter>({ search: "", cohort: "", status: "active" });
  const asked = useDeferredValue(filter);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const people = usePeople(course, asked);
  const cohorts = useCohorts(course);
  const rows = people.data?.pages.flatMap(({ results }) => results) ?? [];
  const shown = rows.filter(({ user_id }) => chosen.has(user_id)).map(({ user_id }) => user_id);
  const change = (part: Partial<PeopleFilter>) => setFilter({ ...filter, ...part });
  const isFiltered = filter.search !== "" || filter.cohort !== "" || filter.status !== "active";
  return (
    <>
      <search className="filters">
        <label className="field is-wide">
          <span className="visually-hidden">{text.search}</span>
          <input
            type="search"
            placeholder={text.search}
            value={filter.search}
            maxLength={100}
            onChange={(event) => change({ search: event.target.value })}
          />
        </label>
        <label className="field">
          <span className="visually-hidden">{text.cohort}</span>
          <select value={filter.cohort} onChange={(event) => change({ cohort: event.target.value })}>
            <option value="">{text.allCohorts}</option>
            {cohorts.data?.results.map(({ name, learners }) => (
              <option key={name} value={name}>{`${name} (${learners})`}</option>
            ))}
          </select>
        </label>
        <label className="field">
          <span className="visually-hidden">{text.status}</span>
          <select
            value={filter.status}
            onChange={(event) => change({ status: event.target.value === "withdrawn" ? "withdrawn" : "active" })}
          >
            <option value="active">{text.active}</option>
            <option value="withdrawn">{text.withdrawn}</option>
          </select>
        </label>
      </search>
      {people.isError ? <FaultNote fault={people.error} retry={() => void people.refetch()} /> : null}
      {people.isPending ? <Loading /> : null}
      {mayManage && filter.status === "active" ? (
        <Selection course={course} users={shown} clear={() => setChosen(new Set())} />
      ) : null}
      {people.isSuccess && rows.length === 0 && !people.hasNextPage ? (
        <>
          <p>{isFiltered ? text.nobodyFound : text.nobody}</p>
          {isFiltered || !mayManage ? null : (
            <Link className="button is-primary" href={`/author/${course}/people?view=add`}>
              {text.addPeople}
            </Link>
          )}
        </>
      ) : null}
      {rows.length === 0 ? null : (
        <RollTable
          course={course}
          rows={rows}
          chosen={chosen}
          choose={mayManage && filter.status === "active" ? setChosen : null}
        />
      )}
      {people.hasNextPage ? (
        <button type="button" className="button" onClick={() => void people.fetchNextPage()}>
          {text.more}
        </button>
      ) : null}
    </>
  );
}

function RollTable(props: {
  course: string;
  rows: readonly Person[];
  chosen: ReadonlySet<string>;
  choose: ((chosen: ReadonlySet<string>) => void) | null;
}) {
  const { course, rows, chosen, choose } = props;
  const text = usePeopleText();
  const language = useLanguage();
  const isAll = rows.every(({ user_id }) => chosen.has(user_id));
  const toggle = (user: string) => {
    const next = new Set(chosen);
    if (!next.delete(user)) next.add(user);
    choose?.(next);
  };
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard.
    <section className="table-scroll" tabIndex={0} aria-label={text.learners}>
      <table className="roll">
        <thead>
          <tr>
            {choose === null ? null : (
              <th scope="col" className="pick">
                <input
                  type="checkbox"
                  aria-label={text.selectAll}
                  checked={isAll}
                  onChange={() => choose(isAll ? new Set() : new Set(rows.map(({ user_id }) => user_id)))}
                />
              </th>
            )}
            <th scope="col">{text.name}</th>
            <th scope="col">{text.cohorts}</th>
            <th scope="col">{text.progress}</th>
            <th scope="col">{text.lastActive}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => {
            const { user_id, name, email, cohorts, last_active_at, completed_count, item_count } = row;
            return (
              <tr key={user_id}>
                {choose === null ? null : (
                  <td className="pick">
                    <input
                      type="checkbox"
                      aria-label={text.select(name ?? user_id)}
                      checked={chosen.has(user_id)}
                      onChange={() => toggle(user_id)}
                    />
                  </td>
                )}
                <th scope="row">
                  <Link href={`/author/${course}/people/${encodeURIComponent(user_id)}`}>{name ?? user_id}</Link>
                  <span className="fine">{email ?? user_id}</span>
                </th>
                <td>
                  {cohorts.map((cohort) => (
                    <span key={cohort} className="tag">
                      {cohort}
                    </span>
                  ))}
                </td>
                <td>
                  <Meter value={completed_count} max={item_count} label={text.of(completed_count, item_count)} />
                </td>
                <td>{last_active_at === null ? text.never : formatInstant(last_active_at, language)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}
