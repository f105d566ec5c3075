import { type SubmitEvent, useId, useState } from "react";
import { useSearchParams } from "wouter";
import { request } from "../../../api/request.ts";
import { uploadRoster } from "../../../api/upload.ts";
import { useMessages } from "../../../i18n/index.ts";
import { useRosterText } from "../../../i18n/rosters.ts";
import { dropText, keepText, keptText } from "../../../lib/kept-text.ts";
import { FaultNote } from "../../../parts/fault.tsx";
import { useUser } from "../../../session/hooks.ts";
import { type RosterRun, usePeopleWrite } from "./api.ts";
import { RosterRunView } from "./roster-run.tsx";
import { RosterSourcesPart } from "./roster-sources.tsx";

const MATCHES = ["email", "sourced_id", "username", "identifier"] as const;
type Match = (typeof MATCHES)[number];

/** The sources that this page sends files to: one for each form. */
const SOURCES = { csv: "page-csv", oneroster: "page-oneroster" } as const;

interface Sent {
  file: Blob;
  name: string;
  format: keyof typeof SOURCES;
  settings: object;
}

/**
 * Changes a class to match a file: first it shows what would change, then it makes the change. The address of the page
 * names the run.
 */
export function RosterFile({ course }: { course: string }) {
  const text = useRosterText();
  const id = useId();
  const [search, setSearch] = useSearchParams();
  const run = search.get("run");
  const show = (next: string | null) => setSearch(next === null ? { view: "file" } : { view: "file", run: next });
  return (
    <div className="halves">
      <section className="roster-file" aria-labelledby={`${id}-title`}>
        <h2 id={`${id}-title`}>{text.title}</h2>
        {run === null ? (
          <SendFile course={course} onSent={show} />
        ) : (
          <RosterRunView key={run} course={course} id={run} onAnother={() => show(null)} />
        )}
      </section>
      <RosterSourcesPart course={course} onRun={show} />
    </div>
  );
}

function SendFile({ course, onSent }: { course: string; onSent: (run: string) => void }) {
  const text = useRosterText();
  const messages = useMessages();
  const id = useId();
  const user = useUser()?.id ?? "";
  const place = `roster ${course}`;
  const [chosen, setChosen] = useState<File | null>(null);
  const [pasted, setPasted] = useState(() => keptText(user, place) ?? "");
  const [isWhole, setIsWhole] = useState(false);
  const [match, setMatch] = useState<Match>("email");
  const [guardians, setGuardians] = useState(false);
  const isZip = chosen?.name.toLowerCase().endsWith(".zip") === true;
  const send = usePeopleWrite(course, async ({ file, name, format, settings }: Sent) => {
    const source = SOURCES[format];
    await request(`/courses/${course}/roster/sources/${source}`, {
      method: "PUT",
      body: { kind: "upload", format, settings },
    });
    const path = `/courses/${course}/roster/sources/${source}/files?${new URLSearchParams({ name })}`;
    return uploadRoster<RosterRun>(path, file, format === "csv" ? "text/csv" : "application/zip");
  });
  const onSubmit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (send.isPending) return;
    const format = isZip ? "oneroster" : "csv";
    const missing = isWhole ? "leave_all" : isZip ? "leave" : "stay";
    const settings = isZip ? { match, guardians, missing } : { missing };
    const file = chosen ?? new Blob([pasted]);
    send.mutate(
      { file, name: chosen?.name.replace(/[^\w. -]/g, "_").slice(0, 100) ?? "pasted.csv", format, settings },
      {
        onSuccess: (run) => {
          dropText(user, place);
          onSent(run.id);
        },
      },
    );
  };
  return (
    <>
      <p className="fine" id={`${id}-hint`}>
        {text.hint}
      </p>
      <form className="form" onSubmit={onSubmit}>
        <label className="button is-small file">
          {text.choose}
          <input
            type="file"
            accept=".csv,text/csv,.zip,application/zip"
            onChange={(event) => {
              setChosen(event.target.files?.[0] ?? null);
              event.target.value = "";
            }}
          />
        </label>
        {chosen === null ? (
          <label className="field">
            <span>{text.paste}</span>
            <textarea
              rows={8}
              value={pasted}
              required
              maxLength={1_500_000}
              placeholder={"email,cohorts\nada@example.org,a;early"}
              aria-describedby={`${id}-hint`}
              onChange={(event) => {
                setPasted(event.target.value);
                keepText(user, place, event.target.value);
              }}
            />
          </label>
        ) : (
          <p role="status">{text.chosen(chosen.name)}</p>
        )}
        {isZip ? (
          <>
            <label className="field">
              <span>{text.match}</span>
              <select
                value={match}
                onChange={(event) => setMatch(MATCHES.find((one) => one === event.target.value) ?? "email")}
              >
                {MATCHES.map((one) => (
                  <option key={one} value={one}>
                    {text.matchBy(one)}
                  </option>
                ))}
              </select>
            </label>
            <label className="check">
              <input type="checkbox" checked={guardians} onChange={(event) => setGuardians(event.target.checked)} />
              <span>{text.guardians}</span>
            </label>
          </>
        ) : null}
        <label className="check">
          <input type="checkbox" checked={isWhole} onChange={(event) => setIsWhole(event.target.checked)} />
          <span>{text.remove}</span>
        </label>
        <p className="fine">{text.removeHint}</p>
        <button type="submit" className="button" aria-disabled={send.isPending}>
          {send.isPending ? messages.working : text.preview}
        </button>
      </form>
      {send.isError ? <FaultNote fault={send.error} /> : null}
    </>
  );
}
