import { type SubmitEvent, useState } from "react";
import { request } from "../../../api/request.ts";
import { usePeopleText } from "../../../i18n/people.ts";
import { FaultNote } from "../../../parts/fault.tsx";
import { namesIn, type OverridesAnswer, type PersonChange, useChangePeople, usePeopleWrite } from "./api.ts";
import { DecideForMany } from "./decide-many.tsx";
import { MessageForm } from "./message.tsx";
import { type PauseAsked, PauseForm } from "./pause-form.tsx";

/** Actions for several learners together: cohorts, one item, a message, a pause, the end of their enrollment. */
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
  const pause = usePeopleWrite(course, (body: PauseAsked | null) =>
    request<OverridesAnswer>(`/courses/${course}/${body === null ? "resume" : "pause"}/batch`, {
      method: "POST",
      body: { ...body, user_ids: users.slice(0, 1_000) },
    }),
  );
  const [shown, setShown] = useState<"item" | "pause" | "message" | null>(null);
  const toggle = (part: "item" | "pause" | "message") => ({
    "aria-expanded": shown === part,
    onClick: () => setShown(shown === part ? null : part),
  });
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
          <button type="button" className="button is-small" {...toggle("item")}>
            {text.extendItem}
          </button>
          <button type="button" className="button is-small" {...toggle("message")}>
            {text.messageTitle}
          </button>
          <button type="button" className="button is-small" {...toggle("pause")}>
            {text.pauseTitle}
          </button>
          <button
            type="button"
            className="button is-small"
            aria-disabled={pause.isPending}
            onClick={() => {
              if (!pause.isPending) pause.mutate(null);
            }}
          >
            {text.resume}
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
      <Decided answer={relock.data} />
      <Decided answer={pause.data} />
      {change.isError ? <FaultNote fault={change.error} /> : null}
      {relock.isError ? <FaultNote fault={relock.error} /> : null}
      {pause.isError ? <FaultNote fault={pause.error} /> : null}
      {shown === "item" && users.length > 0 ? <DecideForMany course={course} users={users} /> : null}
      {shown === "message" && users.length > 0 ? <MessageForm course={course} users={users} /> : null}
      {shown === "pause" && users.length > 0 ? <PauseForm isBusy={pause.isPending} pause={pause.mutate} /> : null}
    </div>
  );
}

/** For how many learners it was done, and for how many it was not possible. */
function Decided({ answer }: { answer: OverridesAnswer | undefined }) {
  const text = usePeopleText();
  if (answer === undefined) return null;
  const refused = answer.results.length - answer.done;
  return (
    <p className="fine" role="status">
      {text.done(answer.done)} {refused > 0 ? text.notDone(refused) : ""}
    </p>
  );
}
