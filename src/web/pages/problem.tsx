import { type KeyboardEvent, type SubmitEvent, useId, useRef } from "react";
import { Link } from "wouter";
import { useChapters, useProblem, useProblems } from "../api/queries.ts";
import { type SubmissionAnswer, shortName } from "../api/types.ts";
import { useSubmit } from "../api/writes.ts";
import { useMessages } from "../i18n/index.ts";
import { dropText, keepText, keptText } from "../lib/kept-text.ts";
import { Completion } from "../parts/completion.tsx";
import { FaultNote } from "../parts/fault.tsx";
import { ArrowIcon } from "../parts/icons.tsx";
import { Markdown } from "../parts/markdown.tsx";
import { OpenedList } from "../parts/opened-list.tsx";
import { Page } from "../parts/page.tsx";
import { StateBadge } from "../parts/state.tsx";
import { useUser } from "../session/hooks.ts";
import { ItemInstead, Trail, useVisited } from "./item.tsx";
import { ReadingPlace } from "./learning/place.tsx";
import { Submissions } from "./submissions.tsx";

/** One problem: its statement, the form for an answer, and what the judge and the locks made of it. */
export function ProblemPage({ course, problem }: { course: string; problem: string }) {
  const messages = useMessages();
  const id = `${course}.${problem}`;
  const detail = useProblem(course, problem);
  const rows = useProblems(course).data?.results ?? [];
  useVisited(id);
  const row = detail.data ?? rows.find((each) => each.id === id);
  const chapter = row?.chapter_id ?? null;
  const chapterTitle = useChapters(course).data?.results.find((each) => each.id === chapter)?.title;
  const trail = (
    <Trail course={course}>
      {chapter === null ? null : (
        <Link href={`/courses/${course}/chapters/${shortName(chapter)}`}>{chapterTitle ?? messages.chapter}</Link>
      )}
    </Trail>
  );
  if (detail.data === undefined || detail.isError) {
    return (
      <ItemInstead
        course={course}
        title={row?.title ?? messages.problem}
        fault={detail.error}
        retry={() => void detail.refetch()}
        trail={trail}
      />
    );
  }
  const { title, status, content, difficulty, best_score: best, completion, snapshot } = detail.data;
  const siblings = rows.filter((each) => each.chapter_id === chapter);
  const next = siblings.slice(siblings.findIndex((each) => each.id === id) + 1).find((each) => each.is_unlocked);
  return (
    <Page
      title={title}
      above={trail}
      lead={
        <p className="facts">
          <StateBadge state={status} />
          <span className="fine">{messages.difficulty(difficulty)}</span>
          {best === null ? null : <span className="fine">{messages.bestScore(best)}</span>}
        </p>
      }
    >
      {content === null ? <p className="fine">{messages.noContent}</p> : <Markdown source={content} />}
      {content === null || snapshot.source === "staff" ? null : <ReadingPlace course={course} item={id} />}
      {snapshot.source === "staff" ? null : (
        <>
          {completion === undefined || status === "completed" ? null : (
            <Completion
              course={course}
              kind="problem"
              name={problem}
              completedAt={null}
              todo={completion.description}
              takesMark={completion.missing.some(({ code }) => code === "not_marked")}
            />
          )}
          <AnswerForm course={course} problem={problem} />
          <Submissions course={course} problem={problem} />
        </>
      )}
      {next === undefined ? null : (
        <p>
          <Link className="button is-quiet" href={`/courses/${course}/problems/${shortName(next.id)}`}>
            {messages.nextProblem}: {next.title}
            <ArrowIcon />
          </Link>
        </p>
      )}
    </Page>
  );
}

function AnswerForm({ course, problem }: { course: string; problem: string }) {
  const messages = useMessages();
  const id = useId();
  const form = useRef<HTMLFormElement>(null);
  const submit = useSubmit(course, problem);
  const user = useUser()?.id ?? "";
  const place = `answer ${course}.${problem}`;
  const onSubmit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const answer = String(new FormData(event.currentTarget).get("answer") ?? "");
    if (submit.isPending || answer.trim() === "") return;
    submit.mutate(answer, { onSuccess: () => dropText(user, place) });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.current?.requestSubmit();
  };
  return (
    <form className="form answer" ref={form} onSubmit={onSubmit}>
      <label className="field">
        <span>{messages.yourAnswer}</span>
        <textarea
          name="answer"
          rows={3}
          required
          defaultValue={keptText(user, place) ?? ""}
          onChange={(event) => keepText(user, place, event.target.value)}
          spellCheck={false}
          autoCapitalize="off"
          aria-describedby={`${id}-hint`}
          onKeyDown={onKeyDown}
        />
        <span className="fine" id={`${id}-hint`}>
          {messages.answerHint}
        </span>
      </label>
      <button type="submit" className="button is-primary" aria-disabled={submit.isPending}>
        {submit.isPending ? messages.submitting : messages.submit}
      </button>
      {submit.isError ? <FaultNote fault={submit.error} /> : null}
      <div role="status">
        {submit.data === undefined || submit.isPending ? null : <Verdict course={course} answer={submit.data} />}
      </div>
    </form>
  );
}

function Verdict({ course, answer }: { course: string; answer: SubmissionAnswer }) {
  const messages = useMessages();
  const { status, feedback, unlocked } = answer;
  const words = {
    passed: [messages.passed, messages.passedText],
    failed: [messages.failed, messages.failedText],
    pending: [messages.pending, messages.pendingText],
  }[status];
  const state = { passed: "completed", failed: "started", pending: "started" } as const;
  return (
    <div className={`verdict is-${status}`} data-verdict={status}>
      <p>
        <span className={`verdict-sign is-${state[status]}`} aria-hidden="true">
          {{ passed: "✓", failed: "✗", pending: "…" }[status]}
        </span>
        <strong>{words[0]}</strong> {feedback ?? words[1]}
      </p>
      {unlocked.length > 0 || status === "passed" ? <OpenedList course={course} items={unlocked} /> : null}
    </div>
  );
}
