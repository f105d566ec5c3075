import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import { request } from "../../../api/request.ts";
import { useMessages } from "../../../i18n/index.ts";
import { useRosterText } from "../../../i18n/rosters.ts";
import { FaultNote, Loading } from "../../../parts/fault.tsx";
import { peopleKey, type RosterRun, usePeopleWrite } from "./api.ts";

type Preview = NonNullable<RosterRun["preview"]>;

/** The page asks for a run at this interval while it is being worked on, milliseconds. */
const EVERY_MS = 1_000;
const MOVING: readonly RosterRun["state"][] = ["queued", "reading", "applying"];

/** One run: it is read, then somebody checks its changes and confirms them, then they are made. */
export function RosterRunView({ course, id, onAnother }: { course: string; id: string; onAnother: () => void }) {
  const text = useRosterText();
  const client = useQueryClient();
  const key = [...peopleKey(course), "run", id];
  const run = useQuery({
    queryKey: key,
    queryFn: () => request<RosterRun>(`/courses/${course}/roster/runs/${id}`),
    refetchInterval: ({ state: { data } }) => (data === undefined || MOVING.includes(data.state) ? EVERY_MS : false),
  });
  const confirm = usePeopleWrite(course, (confirm_removed: number | null) =>
    request<RosterRun>(`/courses/${course}/roster/runs/${id}/confirm`, { method: "POST", body: { confirm_removed } }),
  );
  const { data } = run;
  return (
    <>
      {run.isError ? <FaultNote fault={run.error} retry={() => void run.refetch()} /> : null}
      {data === undefined ? (
        run.isError ? null : (
          <Loading />
        )
      ) : (
        <div role="status">
          <p>
            <strong>{text.state(data.state)}</strong> · {data.file_name}
          </p>
          {data.state === "applying" ? <Applying run={data} /> : null}
          {data.state === "planned" && data.preview !== null ? (
            <Plan
              preview={data.preview}
              isNothing={data.total === 0}
              isBusy={confirm.isPending}
              apply={(confirmed) =>
                confirm.mutate(confirmed, { onSuccess: () => void client.invalidateQueries({ queryKey: key }) })
              }
            />
          ) : null}
          {data.state === "done" ? <p>{text.done}</p> : null}
          {data.errors.length > 0 ? (
            <>
              {data.state === "done" ? <p>{text.notDone(data.errors.length)}</p> : null}
              <ul className="fine">
                {data.errors.map(({ path, rule, message }) => (
                  <li key={`${path} ${rule}`}>
                    {path === "" ? null : <code>{path}</code>} {message}
                  </li>
                ))}
              </ul>
            </>
          ) : null}
        </div>
      )}
      {confirm.isError ? <FaultNote fault={confirm.error} /> : null}
      <p>
        <button type="button" className="button is-small" onClick={onAnother}>
          {text.another}
        </button>
      </p>
    </>
  );
}

function Applying({ run }: { run: RosterRun }) {
  const text = useRosterText();
  const id = useId();
  return (
    <>
      <progress value={run.applied} max={Math.max(1, run.total)} aria-labelledby={id} />
      <p id={id} className="fine">
        {text.applied(run.applied, run.total)}
      </p>
    </>
  );
}

function Plan(props: {
  preview: Preview;
  isNothing: boolean;
  isBusy: boolean;
  apply: (confirmed: number | null) => void;
}) {
  const { preview, isNothing, isBusy, apply } = props;
  const text = useRosterText();
  const messages = useMessages();
  const [typed, setTyped] = useState("");
  const isConfirmed = !preview.needs_confirmation || typed.trim() === String(preview.goes);
  const named = ({ user_id, name }: { user_id: string; name: string | null }) => name ?? user_id;
  const some = (names: readonly string[]) => names.join(", ") || "–";
  return (
    <div className="plan">
      <Lines
        title={text.comes(preview.comes)}
        all={preview.comes}
        lines={preview.coming.map((one) =>
          one.cohorts.length === 0 ? named(one) : `${named(one)}: ${some(one.cohorts)}`,
        )}
      />
      <Lines
        title={text.changes(preview.changes)}
        all={preview.changes}
        lines={preview.changing.map((one) => `${named(one)}: ${some(one.from)} → ${some(one.to)}`)}
      />
      <Lines title={text.goes(preview.goes)} all={preview.goes} lines={preview.going.map(named)} />
      <Lines
        title={text.rights(preview.rights)}
        all={preview.rights}
        lines={preview.rights_changed.map((one) => `${named(one)}: ${one.role ?? "–"}`)}
      />
      {preview.observers > 0 ? <p>{text.observers(preview.observers)}</p> : null}
      <Lines
        title={text.waiting(preview.waiting)}
        all={preview.waiting}
        lines={preview.unmatched.map(({ id, name, why }) => `${name === "" ? id : name} (${id}): ${text.why(why)}`)}
      />
      <Lines
        title={text.classes(preview.classes.length)}
        all={preview.classes.length}
        lines={preview.classes.map((one) =>
          text.aClass(one.title === "" ? one.id : one.title, one.learners, one.cohort),
        )}
      />
      <Lines
        title={text.notes(preview.notes.length)}
        all={preview.notes.length}
        lines={preview.notes.map(({ path, message }) => `${path}: ${message}`)}
      />
      <p className="fine">{text.same(preview.unchanged)}</p>
      {isNothing ? <p>{text.nothing}</p> : null}
      {preview.needs_confirmation ? (
        <label className="field">
          <span>{text.confirm(preview.goes, preview.enrolled)}</span>
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
            if (!isBusy) apply(preview.needs_confirmation ? preview.goes : null);
          }}
        >
          {isBusy ? messages.working : text.apply}
        </button>
      )}
    </div>
  );
}

function Lines({ title, all, lines }: { title: string; all: number; lines: readonly string[] }) {
  const text = useRosterText();
  if (all === 0) return null;
  return (
    <details open={lines.length <= 8}>
      <summary>{title}</summary>
      <ul className="fine">
        {lines.map((line) => (
          <li key={line}>{line}</li>
        ))}
        {all > lines.length ? <li>{text.andMore(all - lines.length)}</li> : null}
      </ul>
    </details>
  );
}
