import { useChapter, useChapters, useProblems } from "../api/queries.ts";
import { formatInstant, useLanguage, useMessages } from "../i18n/index.ts";
import { Completion } from "../parts/completion.tsx";
import { Markdown } from "../parts/markdown.tsx";
import { Page } from "../parts/page.tsx";
import { StateBadge } from "../parts/state.tsx";
import { ItemInstead, Trail, useVisited } from "./item.tsx";
import { ReadingPlace } from "./learning/place.tsx";
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
      {content === null || snapshot.source === "staff" ? null : <ReadingPlace course={course} item={id} />}
      {snapshot.source === "staff" ? null : (
        <Completion
          course={course}
          kind="chapter"
          name={chapter}
          completedAt={completedAt === null ? null : formatInstant(completedAt, language)}
          todo={completion === undefined || completion.takes_mark ? null : completion.description}
          takesMark={completion === undefined || completion.takes_mark}
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
