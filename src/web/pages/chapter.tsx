import { useChapter, useChapters, useProblems } from "../api/queries.ts";
import { useComplete } from "../api/writes.ts";
import { formatInstant, useLanguage, useMessages } from "../i18n/index.ts";
import { FaultNote } from "../parts/fault.tsx";
import { Markdown } from "../parts/markdown.tsx";
import { OpenedList } from "../parts/opened-list.tsx";
import { Page } from "../parts/page.tsx";
import { StateBadge } from "../parts/state.tsx";
import { ItemInstead, Trail, useVisited } from "./item.tsx";
import { Row } from "./map/list.tsx";

/** One chapter: its text, its problems, and the button that says it is done. */
export function ChapterPage({ course, chapter }: { course: string; chapter: string }) {
  const messages = useMessages();
  const language = useLanguage();
  const id = `${course}.${chapter}`;
  const detail = useChapter(course, chapter);
  const rows = useChapters(course).data?.results;
  const problems = useProblems(course).data?.results ?? [];
  useVisited(id);
  const trail = <Trail course={course} />;
  // A page that has been open stays on the screen when a refresh says it is locked now: then the refusal replaces it.
  if (detail.data === undefined || detail.isError) {
    const title = rows?.find((row) => row.id === id)?.title ?? messages.chapter;
    return (
      <ItemInstead
        course={course}
        title={title}
        fault={detail.error}
        retry={() => void detail.refetch()}
        trail={trail}
      />
    );
  }
  const { title, status, content, completed_at: completedAt, completion, snapshot } = detail.data;
  const own = problems.filter((row) => row.chapter_id === id);
  return (
    <Page title={title} above={trail} lead={<StateBadge state={status} />}>
      {content === null ? <p className="fine">{messages.noContent}</p> : <Markdown source={content} />}
      {snapshot.source === "staff" ? null : (
        <Completion
          course={course}
          chapter={chapter}
          completedAt={completedAt === null ? null : formatInstant(completedAt, language)}
          todo={completion === undefined || completion.takes_mark ? null : completion.description}
        />
      )}
      {own.length === 0 ? null : (
        <section aria-labelledby="own-problems">
          <h2 id="own-problems">{messages.inThisChapter}</h2>
          <ul className="rows">
            {own.map((row) => (
              <li key={row.id}>
                <Row course={course} row={row} problems={problems} />
              </li>
            ))}
          </ul>
        </section>
      )}
    </Page>
  );
}

/** @param props.todo what completes the chapter, where that is not its learner's mark. */
function Completion(props: { course: string; chapter: string; completedAt: string | null; todo: string | null }) {
  const { course, chapter, completedAt, todo } = props;
  const messages = useMessages();
  const complete = useComplete(course, chapter);
  return (
    <div className="completion">
      {completedAt === null && todo !== null ? <p className="fine">{todo}</p> : null}
      {completedAt === null && todo !== null ? null : completedAt === null ? (
        <button
          type="button"
          className="button is-primary"
          aria-disabled={complete.isPending}
          onClick={() => {
            if (!complete.isPending) complete.mutate();
          }}
        >
          {complete.isPending ? messages.marking : messages.markComplete}
        </button>
      ) : (
        <p className="fine">{messages.chapterDoneAt(completedAt)}</p>
      )}
      {complete.isError ? <FaultNote fault={complete.error} /> : null}
      <div role="status">
        {complete.data === undefined ? null : <OpenedList course={course} items={complete.data.unlocked} />}
      </div>
    </div>
  );
}
