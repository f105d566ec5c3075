import { useMemo, useState } from "react";
import { useLanguage, useMessages } from "../../../i18n/index.ts";
import { useStudioText } from "../../../i18n/studio.ts";
import { FaultNote, Loading } from "../../../parts/fault.tsx";
import { StateBadge } from "../../../parts/state.tsx";
import { MapGraph } from "../../map/graph.tsx";
import { NEWCOMER, useCheck } from "./check.ts";
import { TextField } from "./fields.tsx";
import { previewNodes } from "./preview-nodes.ts";
import type { Snapshot } from "./text.ts";

/** The limit of drawn cards: more could not be read, and would take too long to place. */
const MAX_CARDS = 300;

/** The map for an invented learner: a click changes what they have done. */
export function Preview({
  course,
  snapshot,
  edit,
}: {
  course: string;
  snapshot: Snapshot;
  edit: (id: string) => void;
}) {
  const text = useStudioText();
  const messages = useMessages();
  const language = useLanguage();
  const [completed, setCompleted] = useState<readonly string[]>([]);
  const [cohorts, setCohorts] = useState("");
  const [selected, setSelected] = useState<string | null>(null);
  const learner = useMemo(() => {
    const names = cohorts.split(/[,，\s]+/).filter((name) => /^[a-z0-9][a-z0-9_-]{0,63}$/.test(name));
    return completed.length === 0 && names.length === 0 ? NEWCOMER : { completed, cohorts: names };
  }, [completed, cohorts]);
  const { check, isChecking, fault } = useCheck(course, snapshot, true, learner);
  const { nodes, needs } = useMemo(
    () => (check === null ? { nodes: [], needs: [] } : previewNodes(check, language)),
    [check, language],
  );
  if (fault !== null) return <FaultNote fault={fault} />;
  if (check === null) return <Loading />;
  if (check.preview === null) return <p>{text.previewErrors(check.findings.length)}</p>;
  const node = nodes.find(({ id }) => id === selected) ?? null;
  const toggle = (id: string) =>
    setCompleted((now) => (now.includes(id) ? now.filter((each) => each !== id) : [...now, id]));
  const missing = new Set(needs.flatMap(({ item, on }) => (item === selected ? [on] : [])));
  return (
    <section className="studio-preview" aria-label={text.preview} aria-busy={isChecking}>
      <p className="fine">{text.previewLead}</p>
      <div className="studio-made-up">
        <TextField label={text.previewCohorts} value={cohorts} onChange={setCohorts} />
        <button type="button" className="button is-small" onClick={() => setCompleted([])}>
          {text.previewReset}
        </button>
      </div>
      {nodes.length > MAX_CARDS ? <p>{text.previewLarge(nodes.length, MAX_CARDS)}</p> : null}
      <div className="map-and-panel">
        <MapGraph
          nodes={nodes.slice(0, MAX_CARDS)}
          needs={needs}
          selected={selected}
          missing={missing}
          select={setSelected}
        />
        <section className={node === null ? "panel is-empty" : "panel"} aria-label={messages.details}>
          {node === null ? (
            <p className="fine">{text.previewChoose}</p>
          ) : (
            <>
              <StateBadge state={node.row.status} />
              <h2>{node.row.title}</h2>
              <ul className="rows">
                {[node.row, ...node.problems].map((row) => (
                  <li key={row.id} className="studio-done">
                    <label className="studio-check">
                      <input
                        type="checkbox"
                        checked={completed.includes(row.id)}
                        disabled={row.status === "locked" && !completed.includes(row.id)}
                        onChange={() => toggle(row.id)}
                      />
                      <span>{text.previewDone(row.title)}</span>
                    </label>
                    <StateBadge state={row.status} />
                  </li>
                ))}
              </ul>
              <button type="button" className="button" onClick={() => edit(node.id)}>
                {text.editItem}
              </button>
            </>
          )}
        </section>
      </div>
    </section>
  );
}
