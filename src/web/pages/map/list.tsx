import { Link } from "wouter";
import type { ProblemRow } from "../../api/types.ts";
import { useMessages } from "../../i18n/index.ts";
import { JustOpened, StateBadge } from "../../parts/state.tsx";
import { itemPath } from "../../parts/why.tsx";
import type { MapNode } from "./layout.ts";

/** The same course as nested lists: everything the map shows, in the order of the course. */
export function MapList({ course, nodes }: { course: string; nodes: readonly MapNode[] }) {
  const messages = useMessages();
  const chapters = nodes.filter((node) => "is_locked" in node.row);
  const loose = nodes.filter((node) => !("is_locked" in node.row));
  const all = nodes.flatMap((node) => [...node.problems, ...("is_locked" in node.row ? [] : [node.row])]);
  return (
    <div className="outline">
      <ol className="outline-chapters">
        {chapters.map((node) => (
          <li key={node.id}>
            <Row course={course} row={node.row} problems={all} />
            <ul>
              {node.problems.map((problem) => (
                <li key={problem.id}>
                  <Row course={course} row={problem} problems={all} />
                </li>
              ))}
            </ul>
          </li>
        ))}
      </ol>
      {loose.length === 0 ? null : (
        <>
          <h2>{messages.standalone}</h2>
          <ul className="outline-loose">
            {loose.map((node) => (
              <li key={node.id}>
                <Row course={course} row={node.row} problems={all} />
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}

/** One line: sign, title, state, and what is missing where it is locked. */
export function Row(props: { course: string; row: MapNode["row"]; problems: readonly Pick<ProblemRow, "id">[] }) {
  const { course, row, problems } = props;
  return (
    <Link
      className={`row is-${row.status}`}
      href={itemPath(course, row.id, problems)}
      data-item={row.id}
      data-state={row.status}
    >
      <StateBadge state={row.status} />
      <span className="row-main">
        <span className="row-title">{row.title}</span>
        <JustOpened item={row} />
        <StatusTag status={row.item_status} />
        {row.status === "locked" ? <span className="row-why">{row.unlock_condition_description}</span> : null}
      </span>
    </Link>
  );
}

function StatusTag({ status }: { status: MapNode["row"]["item_status"] }) {
  const messages = useMessages();
  if (status === "active") return null;
  return (
    <span className="tag">
      {{ draft: messages.draft, beta: messages.beta, deprecated: messages.deprecated }[status]}
    </span>
  );
}
