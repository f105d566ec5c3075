import { useQuery } from "@tanstack/react-query";
import { type SubmitEvent, useId } from "react";
import { request } from "../../../api/request.ts";
import { useLanguage } from "../../../i18n/index.ts";
import { useRosterText } from "../../../i18n/rosters.ts";
import { FaultNote } from "../../../parts/fault.tsx";
import { peopleKey, type RosterRun, type RosterSource, type RosterSources, usePeopleWrite } from "./api.ts";

/** Rosters that are fetched automatically: from an https address, or from the bucket of documents. */
export function RosterSourcesPart({ course, onRun }: { course: string; onRun: (run: string) => void }) {
  const text = useRosterText();
  const id = useId();
  const sources = useQuery({
    queryKey: [...peopleKey(course), "sources"],
    queryFn: () => request<RosterSources>(`/courses/${course}/roster/sources`),
  });
  // Sources for sent files have no address and no hour.
  const nightly = sources.data?.results.filter(({ kind }) => kind !== "upload") ?? [];
  return (
    <section aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>{text.nightlyTitle}</h2>
      <p className="fine">{text.nightlyHint}</p>
      {sources.isError ? <FaultNote fault={sources.error} retry={() => void sources.refetch()} /> : null}
      {sources.isSuccess && nightly.length === 0 ? <p>{text.noSources}</p> : null}
      <ul className="members">
        {nightly.map((source) => (
          <SourceLine key={source.name} course={course} source={source} onRun={onRun} />
        ))}
      </ul>
      <SourceForm course={course} />
    </section>
  );
}

function SourceLine({ course, source, onRun }: { course: string; source: RosterSource; onRun: (run: string) => void }) {
  const text = useRosterText();
  const language = useLanguage();
  const { name, address, last_run, next_at, failures } = source;
  const at = (instant: string) =>
    new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" }).format(new Date(instant));
  const path = `/courses/${course}/roster/sources/${name}`;
  const run = usePeopleWrite(course, () => request<RosterRun>(`${path}/runs`, { method: "POST" }));
  const drop = usePeopleWrite(course, () => request(path, { method: "DELETE" }));
  const [fault] = last_run?.errors ?? [];
  return (
    <li>
      <div>
        <strong>{name}</strong> <span className="fine">{address}</span>
        <br />
        <span className="fine">
          {last_run === null ? text.neverRun : text.lastRun(text.state(last_run.state), at(last_run.created_at))}
          {next_at === null ? "" : ` · ${text.next(at(next_at))}`}
        </span>
        {failures > 0 ? <p>{text.failing(failures)}</p> : null}
        {fault === undefined ? null : (
          <p className="fine">
            {fault.path === "" ? null : <code>{fault.path}</code>} {fault.message}
          </p>
        )}
        {run.isError ? <FaultNote fault={run.error} /> : null}
        {drop.isError ? <FaultNote fault={drop.error} /> : null}
      </div>
      <span className="actions">
        {last_run === null ? null : (
          <button type="button" className="button is-small" onClick={() => onRun(last_run.id)}>
            {text.see}
          </button>
        )}
        <button
          type="button"
          className="button is-small"
          aria-disabled={run.isPending}
          onClick={() => {
            if (!run.isPending) run.mutate(undefined, { onSuccess: ({ id }) => onRun(id) });
          }}
        >
          {text.runNow}
        </button>
        <button
          type="button"
          className="button is-small"
          aria-label={`${text.drop}: ${name}`}
          onClick={() => {
            if (!drop.isPending && window.confirm(text.dropSure(name))) drop.mutate(undefined);
          }}
        >
          {text.drop}
        </button>
      </span>
    </li>
  );
}

function SourceForm({ course }: { course: string }) {
  const text = useRosterText();
  const id = useId();
  const save = usePeopleWrite(course, ({ name, body }: { name: string; body: object }) =>
    request<RosterSource>(`/courses/${course}/roster/sources/${encodeURIComponent(name)}`, { method: "PUT", body }),
  );
  const onSubmit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const of = (name: string) => String(form.get(name) ?? "").trim();
    const token = of("token");
    const body = {
      kind: of("kind"),
      format: of("format"),
      address: of("address"),
      hour: Number(of("hour")),
      ...(token === "" ? {} : { token }),
      settings: { match: of("match"), missing: of("missing") },
    };
    if (!save.isPending) save.mutate({ name: of("name"), body });
  };
  const select = (name: string, label: string, options: readonly (readonly [string, string])[]) => (
    <label className="field">
      <span>{label}</span>
      <select name={name}>
        {options.map(([value, shown]) => (
          <option key={value} value={value}>
            {shown}
          </option>
        ))}
      </select>
    </label>
  );
  return (
    <form className="form" onSubmit={onSubmit}>
      <div className="two-fields">
        <label className="field">
          <span>{text.name}</span>
          <input name="name" required maxLength={40} pattern="[a-z0-9]([a-z0-9\-]*[a-z0-9])?" placeholder="school" />
        </label>
        {select("kind", text.where, [
          ["https", text.kind("https")],
          ["bucket", text.kind("bucket")],
        ])}
      </div>
      <label className="field">
        <span>{text.address}</span>
        <input
          name="address"
          required
          maxLength={1_000}
          placeholder="https://school.example.org/roster.zip"
          aria-describedby={`${id}-address`}
        />
        <span className="fine" id={`${id}-address`}>
          {text.addressHint}
        </span>
      </label>
      <label className="field">
        <span>{text.token}</span>
        <input name="token" type="password" autoComplete="off" maxLength={2_000} aria-describedby={`${id}-token`} />
        <span className="fine" id={`${id}-token`}>
          {text.tokenHint}
        </span>
      </label>
      <div className="two-fields">
        {select("format", text.format, [
          ["oneroster", "OneRoster (zip)"],
          ["csv", "CSV"],
        ])}
        <label className="field">
          <span>{text.hour}</span>
          <input name="hour" type="number" min={0} max={23} defaultValue={3} required />
        </label>
        {select(
          "match",
          text.match,
          (["email", "sourced_id", "username", "identifier"] as const).map((one) => [one, text.matchBy(one)]),
        )}
        {select(
          "missing",
          text.missing,
          (["leave", "stay", "leave_all"] as const).map((one) => [one, text.missingIs(one)]),
        )}
      </div>
      <button type="submit" className="button" aria-disabled={save.isPending}>
        {text.save}
      </button>
      <div role="status">{save.isSuccess ? <p>{text.saved}</p> : null}</div>
      {save.isError ? <FaultNote fault={save.error} /> : null}
    </form>
  );
}
