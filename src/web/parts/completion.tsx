import { useComplete } from "../api/writes.ts";
import { useMessages } from "../i18n/index.ts";
import { FaultNote } from "./fault.tsx";
import { OpenedList } from "./opened-list.tsx";

interface Props {
  course: string;
  kind: "chapter" | "problem";
  name: string;
  /** When it was completed, in words; null: not yet. */
  completedAt: string | null;
  /** What is still asked for, where the requirement says it; else null. */
  todo: string | null;
  /** Whether the learner's mark is asked for. */
  takesMark: boolean;
}

/** How an item becomes complete: what is missing, the button that marks it as done, or when it was. */
export function Completion({ course, kind, name, completedAt, todo, takesMark }: Props) {
  const messages = useMessages();
  const complete = useComplete(course, kind, name);
  return (
    <div className="completion">
      {completedAt === null && todo !== null ? <p className="fine">{todo}</p> : null}
      {completedAt === null && takesMark ? (
        <button
          type="button"
          className="button is-primary"
          aria-disabled={complete.isPending}
          onClick={() => {
            if (!complete.isPending) complete.mutate();
          }}
        >
          {complete.isPending ? messages.marking : messages.markComplete[kind]}
        </button>
      ) : null}
      {completedAt === null ? null : <p className="fine">{messages.chapterDoneAt(completedAt)}</p>}
      {complete.isError ? <FaultNote fault={complete.error} /> : null}
      <div role="status">
        {complete.data === undefined ? null : <OpenedList course={course} items={complete.data.unlocked} />}
      </div>
    </div>
  );
}
