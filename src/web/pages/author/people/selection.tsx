import { type SubmitEvent, useState } from "react";
import { request } from "../../../api/request.ts";
import { usePeopleText } from "../../../i18n/people.ts";
import { FaultNote } from "../../../parts/fault.tsx";
import { namesIn, type OverridesAnswer, type PersonChange, useChangePeople, usePeopleWrite } from "./api.ts";
import { DecideForMany } from "./decide-many.tsx";

/** What is done with several learners together: cohorts, one item, the end of their enrollment. */
export function Selection({ course, users, clear }: { course: string; users: readonly string[]; clear: () => void }) {
  const text = usePeopleText();
  const change = useChangePeople(course);
  const relock = usePeopleWrite(course, (user_ids: readonly string[]) =>
    request<OverridesAnswer>(`/courses/${course}/relock/batch`, {
      method: "POST",
      body: { user_ids: user_ids.slice(0, 1_000), reason: text.relockReason },
    }),
  );
  const [cohorts, setCohorts] = useState("");
  const [isDeciding, setIsDeciding] = useState(false);
  const send = (part: Omit<PersonChange, "user_id">) => {
    if (change.isPending || users.length === 0) return;
    change.mutate(
      users.map((user_id) => ({ user_id, ...part })),
      { onSuccess: clear },
    );
  };
  const results = change.data?.results ?? [];
  const bad = results.filter(({ outcome }) => ["invalid", "user_not_found", "unavailable"].includes(outcome)).length;
  const onSubmit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    send({ cohorts: namesIn(cohorts) });
  };
  return (
    <div className="selection" data-empty={users.length === 0}>
      {users.length === 0 ? null : (
        <>
          <strong>{text.selected(users.length)}</strong>
          <form onSubmit={onSubmit}>
            <label className="field">
              <span className="visually-hidden">{text.cohorts}</span>
              <input
                value={cohorts}
                placeholder={text.cohorts}
                title={text.cohortsHint}
                maxLength={500}
                onChange={(event) => setCohorts(event.target.value)}
              />
            </label>
            <button type="submit" className="button is-small" aria-disabled={change.isPending}>
              {text.setCohorts}
            </button>
          </form>
          <button
            type="button"
            className="button is-small"
            aria-expanded={isDeciding}
            onClick={() => setIsDeciding(!isDeciding)}
          >
            {text.extendItem}
          </button>
          <button
            type="button"
            className="button is-small"
            aria-disabled={relock.isPending}
            onClick={() => {
              if (!relock.isPending && window.confirm(text.relockManySure(users.length))) relock.mutate(users);
            }}
          >
            {text.relock}
          </button>
          <button
            type="button"
            className="button is-small"
            aria-disabled={change.isPending}
            onClick={() => {
              if (window.confirm(text.withdrawSure(users.length))) send({ withdraw: true });
            }}
          >
            {text.withdraw}
          </button>
        </>
      )}
      <p className="fine" role="status">
        {change.isSuccess ? text.done(results.length - bad) : ""} {bad > 0 ? text.notDone(bad) : ""}
      </p>
      {relock.data === undefined ? null : (
        <p className="fine" role="status">
          {text.done(relock.data.done)}{" "}
          {relock.data.results.length > relock.data.done
            ? text.notDone(relock.data.results.length - relock.data.done)
            : ""}
        </p>
      )}
      {change.isError ? <FaultNote fault={change.error} /> : null}
      {relock.isError ? <FaultNote fault={relock.error} /> : null}
      {isDeciding && users.length > 0 ? <DecideForMany course={course} users={users} /> : null}
    </div>
  );
}
