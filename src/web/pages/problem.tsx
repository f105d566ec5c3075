import { type SubmitEvent, useState } from "react";
import { Link } from "wouter";
import { useChapters, useProblem, useProblems } from "../api/queries.ts";
import { type AskedQuestion, type SubmissionAnswer, shortName } from "../api/types.ts";
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
import { bodyOf } from "./question/answer.ts";
import { AnswerField } from "./question/field.tsx";
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
  const { title, status, content, question, difficulty, best_score: best, completion, snapshot } = detail.data;
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
          <AnswerForm course={course} problem={problem} question={question} />
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

function AnswerForm({
  course,
  problem,
  question,
}: {
  course: string;
  problem: string;
  question: AskedQuestion | null;
}) {
  const messages = useMessages();
  const submit = useSubmit(course, problem);
  const user = useUser()?.id ?? "";
  const place = `answer ${course}.${problem}`;
  const [value, setValue] = useState(() => keptText(user, place) ?? "");
  const [isBusy, setIsBusy] = useState(false);
  const [isMissing, setIsMissing] = useState(false);
  const onChange = (next: string) => {
    setValue(next);
    setIsMissing(false);
    keepText(user, place, next);
  };
  const onSubmit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (submit.isPending || isBusy) return;
    const body = bodyOf(question, value);
    setIsMissing(body === null);
    if (body === null) return;
    const done = () => {
      dropText(user, place);
      // Files are submitted once; other answers are often only corrected.
      if (question?.kind === "file") setValue("");
    };
    submit.mutate(body, { onSuccess: done });
  };
  return (
    <form className="form answer" onSubmit={onSubmit}>
      <AnswerField question={question} value={value} onChange={onChange} onBusy={setIsBusy} />
      <p role="alert">{isMissing ? messages.questionMissing : null}</p>
      <button type="submit" className="button is-primary" aria-disabled={submit.isPending || isBusy}>
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
