import { request } from "../../../api/request.ts";
import { formatInstant, useLanguage } from "../../../i18n/index.ts";
import { usePeopleText } from "../../../i18n/people.ts";
import { FaultNote } from "../../../parts/fault.tsx";
import { type EnrollmentDetail, usePeopleWrite } from "./api.ts";
import { DecideForm, type Decision, type Kind } from "./decide-form.tsx";

/** What staff decided about one item for one learner, and a form to decide more. */
export function Decisions(props: { course: string; enrollment: EnrollmentDetail; item: string; mayDecide: boolean }) {
  const { course, enrollment, item, mayDecide } = props;
  const text = usePeopleText();
  const language = useLanguage();
  const path = `/enrollments/${encodeURIComponent(enrollment.id)}/overrides/${item}`;
  const set = usePeopleWrite(course, (decision: Decision) => request(path, { method: "PUT", body: decision }));
  const drop = usePeopleWrite(course, (kind: Kind) => request(path, { method: "DELETE", query: { kind } }));
  const own = enrollment.overrides.filter((override) => override.item === item);
  return (
    <div className="decisions">
      <h3>{text.inForce}</h3>
      {own.length === 0 ? <p className="fine">{text.noOverrides}</p> : null}
      <ul className="members">
        {own.map(({ kind, reason, actor, created_at, expires_at, extend_to }) => (
          <li key={kind}>
            <span>
              <strong>{text.kindShort(kind)}</strong> {extend_to === null ? "" : formatInstant(extend_to, language)}{" "}
              <span className="fine">
                “{reason}”, {text.by(actor)}, {formatInstant(created_at, language)}
                {expires_at === null ? "" : `, ${text.until(formatInstant(expires_at, language))}`}
              </span>
            </span>
            {mayDecide ? (
              <button
                type="button"
                className="button is-small"
                aria-label={`${text.remove}: ${text.kindShort(kind)}`}
                onClick={() => {
                  if (!drop.isPending) drop.mutate(kind);
                }}
              >
                {text.remove}
              </button>
            ) : null}
          </li>
        ))}
      </ul>
      {mayDecide ? (
        <>
          <h3>{text.decide}</h3>
          <DecideForm isBusy={set.isPending} decide={(decision) => set.mutate(decision)} />
        </>
      ) : null}
      <p className="fine" role="status">
        {set.isSuccess ? text.saved : ""}
      </p>
      {set.isError ? <FaultNote fault={set.error} /> : null}
      {drop.isError ? <FaultNote fault={drop.error} /> : null}
    </div>
  );
}
