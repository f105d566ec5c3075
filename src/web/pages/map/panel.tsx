import { Link } from "wouter";
import { type Eyes, useWhy } from "../../api/queries.ts";
import type { ProblemRow } from "../../api/types.ts";
import { useLanguage, useMessages } from "../../i18n/index.ts";
import { FaultNote, Loading } from "../../parts/fault.tsx";
import { ArrowIcon } from "../../parts/icons.tsx";
import { Meter } from "../../parts/meter.tsx";
import { JustOpened, StateBadge } from "../../parts/state.tsx";
import { itemPath, Why } from "../../parts/why.tsx";
import type { MapNode } from "./layout.ts";
import { Row } from "./list.tsx";

interface PanelProps {
  course: string;
  node: MapNode | null;
  problems: readonly ProblemRow[];
  eyes: Eyes;
  close: () => void;
}

/** Everything about one card: its state, why it is locked and what opens it, or the way in. */
export function MapPanel({ course, node, problems, eyes, close }: PanelProps) {
  const messages = useMessages();
  return (
    <section className={node === null ? "panel is-empty" : "panel"} aria-label={messages.details}>
      {node === null ? (
        <p className="fine">{messages.chooseItem}</p>
      ) : (
        <Details key={node.id} course={course} node={node} problems={problems} eyes={eyes} close={close} />
      )}
    </section>
  );
}

function Details({ course, node, problems, eyes, close }: PanelProps & { node: MapNode }) {
  const messages = useMessages();
  const language = useLanguage();
  const { row } = node;
  const isLocked = row.status === "locked";
  const why = useWhy(course, node.id, { enabled: isLocked, eyes });
  const progress = row.prerequisite_progress;
  return (
    <>
      <div className="panel-head">
        <StateBadge state={row.status} />
        <JustOpened item={node.row} />
        <button type="button" className="button is-quiet is-small panel-close" onClick={close}>
          {messages.close}
        </button>
      </div>
      <h2>{row.title}</h2>
      {"difficulty" in row ? <p className="fine">{messages.difficulty(row.difficulty)}</p> : null}
      {isLocked ? (
        <>
          {progress.total === 0 ? null : (
            <Meter
              value={progress.met}
              max={progress.total}
              label={messages.conditionsMet(progress.met, progress.total)}
            />
          )}
          {why.isPending ? <Loading /> : null}
          {why.isError ? <FaultNote fault={why.error} retry={() => void why.refetch()} /> : null}
          {why.data?.is_locked === true ? (
            <Why course={course} lock={why.data} sentence={why.data.sentence[language]} problems={problems} level={3} />
          ) : null}
        </>
      ) : (
        <Link className="button is-primary" href={itemPath(course, node.id, problems)}>
          {messages.open}
          <ArrowIcon />
        </Link>
      )}
      {node.problems.length === 0 ? null : (
        <>
          <h3>{messages.inThisChapter}</h3>
          <ul className="rows">
            {node.problems.map((problem) => (
              <li key={problem.id}>
                <Row course={course} row={problem} problems={problems} />
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}
