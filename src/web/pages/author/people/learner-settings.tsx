import { type SubmitEvent, useId, useState } from "react";
import { request } from "../../../api/request.ts";
import { usePeopleText } from "../../../i18n/people.ts";
import { FaultNote } from "../../../parts/fault.tsx";
import { type EnrollmentDetail, namesIn, usePeopleWrite } from "./api.ts";

/** A learner's settings for the whole course: cohorts, practice mode, and items that are kept open. */
export function LearnerSettings(props: { course: string; user: string; enrollment: EnrollmentDetail }) {
  const { course, user, enrollment } = props;
  const text = usePeopleText();
  const id = useId();
  const [cohorts, setCohorts] = useState(enrollment.cohorts.join(", "));
  const path = `/enrollments/${encodeURIComponent(enrollment.id)}`;
  const change = usePeopleWrite(course, (body: { cohorts?: string[]; practice_mode?: boolean }) =>
    request(path, { method: "PATCH", body }),
  );
  const relock = usePeopleWrite(course, () => request(`${path}/relock`, { method: "POST", body: {} }));
  const withdraw = usePeopleWrite(course, () =>
    request(`/courses/${course}/enrollments`, { method: "DELETE", query: { user_id: user } }),
  );
  const onSubmit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (!change.isPending) change.mutate({ cohorts: namesIn(cohorts) });
  };
  const fault = change.error ?? relock.error ?? withdraw.error;
  return (
    <section aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>{text.settings}</h2>
      <form className="inline-form" onSubmit={onSubmit}>
        <label className="field">
          <span>{text.cohorts}</span>
          <input
            value={cohorts}
            maxLength={500}
            aria-describedby={`${id}-cohorts`}
            onChange={(event) => setCohorts(event.target.value)}
          />
          <span className="fine" id={`${id}-cohorts`}>
            {text.cohortsHint}
          </span>
        </label>
        <button type="submit" className="button" aria-disabled={change.isPending}>
          {text.save}
        </button>
      </form>
      <p className="fine">
        {text.practice}. {text.relockHint}
      </p>
      <div className="actions">
        <button
          type="button"
          className="button"
          aria-pressed={enrollment.practice_mode}
          onClick={() => {
            if (!change.isPending) change.mutate({ practice_mode: !enrollment.practice_mode });
          }}
        >
          {enrollment.practice_mode ? text.practiceOff : text.practiceOn}
        </button>
        <button
          type="button"
          className="button"
          onClick={() => {
            if (window.confirm(text.relockSure)) relock.mutate(undefined);
          }}
        >
          {text.relock}
        </button>
        <button
          type="button"
          className="button"
          onClick={() => {
            if (window.confirm(text.withdrawSure(1))) withdraw.mutate(undefined);
          }}
        >
          {text.withdraw}
        </button>
      </div>
      <p className="fine" role="status">
        {change.isSuccess || relock.isSuccess ? text.saved : ""}
      </p>
      {fault === null ? null : <FaultNote fault={fault} />}
    </section>
  );
}
