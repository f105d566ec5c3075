import { Link } from "wouter";
import { formatInstant, useLanguage } from "../../i18n/index.ts";
import { useLearningText } from "../../i18n/learning.ts";
import { FaultNote } from "../../parts/fault.tsx";
import { ArrowIcon } from "../../parts/icons.tsx";
import { isOutside, pathOf, useNext } from "./api.ts";

/** Things that are shown: one to do, and what comes then. */
const SHOWN = 3;

/** What to do next in a course, and why, on top of its page. */
export function NextThings({ course }: { course: string }) {
  const text = useLearningText();
  const language = useLanguage();
  const next = useNext(course, SHOWN);
  if (isOutside(next.error)) return null;
  if (next.isError) return <FaultNote fault={next.error} retry={() => void next.refetch()} />;
  const [first, ...others] = next.data?.results ?? [];
  const paused = next.data?.paused ?? null;
  if (paused !== null) {
    const until = paused.until === null ? null : formatInstant(paused.until, language);
    return (
      <section className="next" aria-labelledby="next-title">
        <h2 id="next-title">{text.pausedTitle}</h2>
        <p>
          {text.paused(until)} {text.pausedWhy(paused.reason)}
        </p>
      </section>
    );
  }
  const { done = 0, total = 0, opens_next: later = null } = next.data ?? {};
  return (
    <section className="next" aria-labelledby="next-title" aria-busy={next.isPending}>
      <h2 id="next-title">{text.nextTitle}</h2>
      {next.data === undefined ? null : first === undefined ? (
        <p>
          {total > 0 && done === total ? text.nextAll : text.nextNothing}
          {later === null ? null : ` ${text.nextOpens(later.title, formatInstant(later.opens_at, language))}`}
        </p>
      ) : (
        <>
          <div className={`next-first is-${first.why}`}>
            <div>
              <p className="next-title">{first.title}</p>
              <p className="fine">
                {first.sentence}
                {first.due_at === null ? null : ` ${text.nextDue(formatInstant(first.due_at, language))}`}
              </p>
            </div>
            <Link className="button is-primary" href={pathOf(course, first)}>
              {text.go}
              <span className="visually-hidden">: {first.title}</span>
              <ArrowIcon />
            </Link>
          </div>
          {others.length === 0 ? null : (
            <ul className="next-then" aria-label={text.nextThen}>
              {others.map((thing) => (
                <li key={thing.item_id}>
                  <Link href={pathOf(course, thing)}>{thing.title}</Link> <span className="fine">{thing.sentence}</span>
                </li>
              ))}
            </ul>
          )}
        </>
      )}
    </section>
  );
}

/** The same in one line, for the list of courses. */
export function NextLine({ course }: { course: string }) {
  const text = useLearningText();
  const next = useNext(course, 1);
  const first = next.data?.results[0];
  if (first === undefined) return null;
  return (
    <p className="next-line">
      <span className="fine">{text.nextTitle}: </span>
      <Link href={pathOf(course, first)}>{first.title}</Link> <span className="fine">{first.sentence}</span>
    </p>
  );
}
