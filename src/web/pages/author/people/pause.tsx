import { useId } from "react";
import { request } from "../../../api/request.ts";
import { formatInstant, useLanguage } from "../../../i18n/index.ts";
import { usePeopleText } from "../../../i18n/people.ts";
import { FaultNote } from "../../../parts/fault.tsx";
import { type EnrollmentDetail, usePeopleWrite } from "./api.ts";
import { type PauseAsked, PauseForm } from "./pause-form.tsx";

/** Whether a learner's course is paused, with the button to end or begin a pause. */
export function LearnerPause({ course, enrollment }: { course: string; enrollment: EnrollmentDetail }) {
  const text = usePeopleText();
  const language = useLanguage();
  const id = useId();
  const path = `/enrollments/${encodeURIComponent(enrollment.id)}/pause`;
  const pause = usePeopleWrite(course, (body: PauseAsked) => request(path, { method: "PUT", body }));
  const resume = usePeopleWrite(course, () => request(path, { method: "DELETE" }));
  const fault = pause.error ?? resume.error;
  const current = enrollment.pause;
  return (
    <section aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>{text.pauseTitle}</h2>
      {current === null ? (
        <>
          <p className="fine">{text.pauseHint}</p>
          <PauseForm isBusy={pause.isPending} pause={pause.mutate} />
        </>
      ) : (
        <>
          <p>
            {text.pausedSince(formatInstant(current.since, language))}{" "}
            {current.until === null ? text.pausedOpen : text.pausedUntil(formatInstant(current.until, language))}{" "}
            {text.reason}: {current.reason}
          </p>
          <button
            type="button"
            className="button"
            aria-disabled={resume.isPending}
            onClick={() => {
              if (!resume.isPending) resume.mutate(undefined);
            }}
          >
            {text.resume}
          </button>
        </>
      )}
      {fault === null ? null : <FaultNote fault={fault} />}
    </section>
  );
}
