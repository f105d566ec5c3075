import { type SubmitEvent, useState } from "react";
import { useAccountText } from "../../i18n/account.ts";
import { useOrganizationText } from "../../i18n/organizations.ts";
import type { Role } from "../../session/store.ts";
import { type Act, type Person, sendActs, useOrganizationWrite } from "./api.ts";
import { Results } from "./results.tsx";

/** Roles that managers give; administrators give theirs on the page of users. */
const GIVEN: readonly Role[] = ["learner", "author"];

/** Acts on the selected people, and what became of each of them. */
export function Selection(props: { users: readonly Person[]; isAdmin: boolean; clear: () => void }) {
  const { users, isAdmin, clear } = props;
  const text = useOrganizationText();
  const account = useAccountText();
  /** The names of those who were acted on: they may be out of the list when the result is there. */
  const [names, setNames] = useState<ReadonlyMap<string, string>>(new Map());
  const change = useOrganizationWrite(sendActs);
  const send = (act: Omit<Act, "user_id">, sure?: string) => {
    if (change.isPending || users.length === 0 || (sure !== undefined && !window.confirm(sure))) return;
    setNames(new Map(users.map(({ id, name }) => [id, name])));
    change.mutate(
      users.map(({ id }) => ({ user_id: id, ...act })),
      { onSuccess: ({ fault }) => fault === null && clear() },
    );
  };
  const fieldOf = (event: SubmitEvent<HTMLFormElement>, name: string) => {
    event.preventDefault();
    return String(new FormData(event.currentTarget).get(name) ?? "").trim();
  };
  return (
    <div className="selection" data-empty={users.length === 0}>
      {users.length === 0 ? null : (
        <>
          <strong>{text.selected(users.length)}</strong>
          <form
            onSubmit={(event) => {
              const reason = fieldOf(event, "reason");
              if (reason !== "") send({ act: "suspend", reason }, text.suspendSure(users.length));
            }}
          >
            <label className="field">
              <span className="visually-hidden">{account.reason}</span>
              <input name="reason" placeholder={account.reason} required maxLength={500} autoComplete="off" />
            </label>
            <button type="submit" className="button is-small is-danger" aria-disabled={change.isPending}>
              {account.suspend}
            </button>
          </form>
          <button
            type="button"
            className="button is-small"
            aria-disabled={change.isPending}
            onClick={() => send({ act: "return" })}
          >
            {account.lift}
          </button>
          <form
            onSubmit={(event) => {
              const role = fieldOf(event, "role");
              send({ act: "role", role: role === "author" ? "author" : "learner" });
            }}
          >
            <label className="field">
              <span className="visually-hidden">{account.role}</span>
              <select name="role">
                {GIVEN.map((role) => (
                  <option key={role} value={role}>
                    {account.roles(role)}
                  </option>
                ))}
              </select>
            </label>
            <button type="submit" className="button is-small" aria-disabled={change.isPending}>
              {account.changeRole}
            </button>
          </form>
          {isAdmin ? (
            <button
              type="button"
              className="button is-small"
              aria-disabled={change.isPending}
              onClick={() => send({ act: "move", organization_id: null }, text.takeOutSure(users.length))}
            >
              {text.takeOut}
            </button>
          ) : null}
        </>
      )}
      <Results acted={change.data} names={names} isBusy={change.isPending} clear={change.reset} />
    </div>
  );
}
