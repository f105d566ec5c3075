import { type ReactNode, useState } from "react";
import { Link } from "wouter";
import type { ProblemRow } from "../../api/types.ts";
import { useMessages } from "../../i18n/index.ts";
import { keepFold, readFolds } from "../../lib/folds.ts";
import { JustOpened, StateBadge } from "../../parts/state.tsx";
import { itemPath } from "../../parts/why.tsx";
import { useUser } from "../../session/hooks.ts";
import { type MapNode, NARROW } from "./layout.ts";

/** The same course as nested lists: everything the map shows, in the order of the course. */
export function MapList({ course, nodes }: { course: string; nodes: readonly MapNode[] }) {
  const messages = useMessages();
  const [isNarrow] = useState(() => matchMedia(NARROW).matches);
  const user = useUser()?.id ?? "";
  const [folds, setFolds] = useState(() => readFolds(user, course));
  const chapters = nodes.filter((node) => "is_locked" in node.row);
  const loose = nodes.filter((node) => !("is_locked" in node.row));
  const all = nodes.flatMap((node) => [...node.problems, ...("is_locked" in node.row ? [] : [node.row])]);
  return (
    <div className="outline">
      <ol className="outline-chapters">
        {chapters.map((node) => (
          <li key={node.id}>
            <Row course={course} row={node.row} problems={all} />
            {node.problems.length === 0 ? null : (
              <Fold
                label={messages.problemsOf(node.problems.length)}
                isOpen={folds.get(node.id) ?? (!isNarrow || isCurrent(node))}
                fold={(isOpen) => setFolds(keepFold(user, course, node.id, isOpen))}
              >
                <ul>
                  {node.problems.map((problem) => (
                    <li key={problem.id}>
                      <Row course={course} row={problem} problems={all} />
                    </li>
                  ))}
                </ul>
              </Fold>
            )}
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

/** A chapter one can work in now: it is open and something in it is not done. */
function isCurrent({ row, problems }: MapNode): boolean {
  return row.status !== "locked" && problems.some(({ status }) => status !== "completed");
}

/** Folds what is in a chapter. What the reader has folded or unfolded stays so in this browser, whatever changes in the course. */
function Fold(props: { label: string; isOpen: boolean; fold: (isOpen: boolean) => void; children: ReactNode }) {
  const { label, isOpen, fold, children } = props;
  return (
    <details
      open={isOpen}
      onToggle={(event) => {
        // The browser also reports what the page itself has set.
        if (event.currentTarget.open !== isOpen) fold(event.currentTarget.open);
      }}
    >
      <summary>{label}</summary>
      {children}
    </details>
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
