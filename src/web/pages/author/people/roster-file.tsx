import { type SubmitEvent, useId, useState } from "react";
import { request } from "../../../api/request.ts";
import { useMessages } from "../../../i18n/index.ts";
import { usePeopleText } from "../../../i18n/people.ts";
import { FaultNote } from "../../../parts/fault.tsx";
import { type Roster, usePeopleWrite } from "./api.ts";

interface Sent {
  csv: string;
  remove_missing: boolean;
}

/** A class brought in line with a file: first what would change, then the change. */
export function RosterFile({ course }: { course: string }) {
  const text = usePeopleText();
  const messages = useMessages();
  const id = useId();
  const [csv, setCsv] = useState("");
  const [isWhole, setIsWhole] = useState(false);
  const preview = usePeopleWrite(course, (body: Sent) =>
    request<Roster>(`/courses/${course}/roster`, { method: "PUT", query: { dry_run: true }, body }),
  );
  const apply = usePeopleWrite(course, (body: Sent & { confirm_removed: number | null }) =>
    request<Roster>(`/courses/${course}/roster`, { method: "PUT", body }),
  );
  // What was said is about another file now.
  const changed = () => {
    preview.reset();
    apply.reset();
  };
  const onSubmit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    apply.reset();
    if (!preview.isPending) preview.mutate({ csv, remove_missing: isWhole });
  };
  return (
    <section className="roster-file" aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>{text.rosterTitle}</h2>
      <p className="fine" id={`${id}-hint`}>
        {text.rosterHint}
      </p>
      <form className="form" onSubmit={onSubmit}>
        <label className="button is-small file">
          {text.rosterChoose}
          <input
            type="file"
            accept=".csv,text/csv"
            onChange={(event) => {
              const file = event.target.files?.[0];
              event.target.value = "";
              if (file === undefined) return;
              void file.text().then((read) => {
                setCsv(read);
                changed();
              });
            }}
          />
        </label>
        <label className="field">
          <span>{text.rosterPaste}</span>
          <textarea
            rows={8}
            value={csv}
            required
            maxLength={1_500_000}
            placeholder={"email,cohorts\nada@example.org,a;early"}
            aria-describedby={`${id}-hint`}
            onChange={(event) => {
              setCsv(event.target.value);
              changed();
            }}
          />
        </label>
        <label className="check">
          <input
            type="checkbox"
            checked={isWhole}
            onChange={(event) => {
              setIsWhole(event.target.checked);
              changed();
            }}
          />
          <span>{text.rosterRemove}</span>
        </label>
        <button type="submit" className="button" aria-disabled={preview.isPending}>
          {preview.isPending ? messages.working : text.rosterPreview}
        </button>
      </form>
      {preview.isError ? <FaultNote fault={preview.error} /> : null}
      <div role="status">
        {preview.data === undefined || apply.isSuccess ? null : (
          <Plan
            plan={preview.data}
            isBusy={apply.isPending}
            apply={(confirm_removed) => apply.mutate({ csv, remove_missing: isWhole, confirm_removed })}
          />
        )}
        {apply.data === undefined ? null : (
          <p>{apply.data.failed > 0 ? text.rosterFailed(apply.data.failed) : text.rosterDone}</p>
        )}
      </div>
      {apply.isError ? <FaultNote fault={apply.error} /> : null}
    </section>
  );
}

function Plan({ plan, isBusy, apply }: { plan: Roster; isBusy: boolean; apply: (confirmed: number | null) => void }) {
  const text = usePeopleText();
  const messages = useMessages();
  const [typed, setTyped] = useState("");
  const isConfirmed = !plan.needs_confirmation || typed.trim() === String(plan.goes);
  const named = ({ user_id, name }: { user_id: string; name: string | null }) => name ?? user_id;
  const isNothing = plan.comes + plan.changes + plan.goes === 0;
  return (
    <div className="plan">
      <People title={text.rosterComes(plan.comes)} all={plan.comes} people={plan.coming.map(named)} />
      <People
        title={text.rosterChanges(plan.changes)}
        all={plan.changes}
        people={plan.changing.map(
          (one) => `${named(one)}: ${one.from.join(", ") || "–"} → ${one.to.join(", ") || "–"}`,
        )}
      />
      <People title={text.rosterGoes(plan.goes)} all={plan.goes} people={plan.going.map(named)} />
      <People
        title={text.rosterUnknown(plan.unknown.length)}
        all={plan.unknown.length}
        people={plan.unknown.map(({ line, email }) => `${email} (${text.line(line)})`)}
      />
      <p className="fine">{text.rosterSame(plan.unchanged)}</p>
      {isNothing ? <p>{text.rosterNothing}</p> : null}
      {plan.needs_confirmation ? (
        <label className="field">
          <span>{text.rosterConfirm(plan.goes, plan.enrolled)}</span>
          <input inputMode="numeric" value={typed} onChange={(event) => setTyped(event.target.value)} />
        </label>
      ) : null}
      {isNothing ? null : (
        <button
          type="button"
          className="button is-primary"
          disabled={!isConfirmed}
          aria-disabled={isBusy}
          onClick={() => {
            if (!isBusy) apply(plan.needs_confirmation ? plan.goes : null);
          }}
        >
          {isBusy ? messages.working : text.rosterApply}
        </button>
      )}
    </div>
  );
}

function People({ title, all, people }: { title: string; all: number; people: readonly string[] }) {
  const text = usePeopleText();
  if (all === 0) return null;
  return (
    <details open={people.length <= 8}>
      <summary>{title}</summary>
      <ul className="fine">
        {people.map((person) => (
          <li key={person}>{person}</li>
        ))}
        {all > people.length ? <li>{text.andMore(all - people.length)}</li> : null}
      </ul>
    </details>
  );
}
