import { useMutation } from "@tanstack/react-query";
import { type KeyboardEvent, type SubmitEvent, useId, useRef, useState } from "react";
import { isRefusal } from "../../../api/problem.ts";
import { request } from "../../../api/request.ts";
import type { GivenVerdict, GradedSubmission, SubmissionAnswer } from "../../../api/types.ts";
import { useGradingText } from "../../../i18n/grading.ts";
import { formatInstant, useLanguage, useMessages } from "../../../i18n/index.ts";
import { FaultNote } from "../../../parts/fault.tsx";
import { LinedAnswer } from "../../../parts/lined-answer.tsx";
import { Markdown } from "../../../parts/markdown.tsx";
import { SubmittedFiles } from "../../../parts/submitted-files.tsx";
import { SaidOfAnswer, useScoreText, VerdictHistory } from "../../../parts/verdict.tsx";
import { useUser } from "../../../session/hooks.ts";
import { bodyOf, useDraft } from "./draft.ts";
import { useKeys } from "./keys.ts";
import { useOthers } from "./queue.ts";
import { RemarkForm } from "./remark-form.tsx";
import { RubricForm } from "./rubric-form.tsx";

/** One answer with its verdicts. @param onGiven called when the verdict was sent, and the next answer may follow. */
export function Work(props: { submission: GradedSubmission; name: string; hasKeys: boolean; onGiven: () => void }) {
  const { submission, name, hasKeys, onGiven } = props;
  const messages = useMessages();
  const gradingText = useGradingText();
  const language = useLanguage();
  const id = useId();
  const { draft, change, wasKept, forget } = useDraft(useUser()?.id ?? "", submission);
  const [line, setLine] = useState("");
  const remark = useRef<HTMLInputElement>(null);
  const comment = useRef<HTMLTextAreaElement>(null);
  const form = useRef<HTMLFormElement>(null);
  const { answer, content, criteria, title, item } = submission;
  useKeys(hasKeys, {
    a: () => change({ passed: true }),
    f: () => change({ passed: false }),
    c: () => comment.current?.focus(),
  });
  const [missing, setMissing] = useState<"passed" | "score" | "rubric" | null>(null);
  const give = useMutation({
    mutationFn: (replaces: number) => {
      const read = bodyOf(draft, criteria, replaces);
      if (!read.ok) throw new Error("the form was sent before it was whole");
      return request<SubmissionAnswer>(`/submissions/${submission.id}/verdict`, { method: "POST", body: read.body });
    },
    onSuccess: () => {
      forget();
      onGiven();
    },
  });
  const send = (replaces: number) => {
    if (give.isPending) return;
    const read = bodyOf(draft, criteria, replaces);
    setMissing(read.ok ? null : read.missing);
    if (read.ok) give.mutate(replaces);
  };
  const onSubmit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    send(submission.number);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.current?.requestSubmit();
  };
  const conflict = verdictIn(give.error);
  const says = {
    passed: gradingText.gradingChoose,
    score: gradingText.gradingScoreBad,
    rubric: gradingText.gradingRubricMissing,
  };
  return (
    <article className="grading-work" aria-labelledby={`${id}-title`} data-submission={submission.id}>
      <header>
        <h2 id={`${id}-title`} tabIndex={-1}>
          {title ?? item}
        </h2>
        <p className="fine">
          {name} · {messages.submittedOn(formatInstant(submission.submitted_at, language))}
          {submission.held ? ` · ${gradingText.gradingHeld}` : null}
        </p>
      </header>
      {content === null ? null : (
        <details open>
          <summary>{gradingText.gradingAsked}</summary>
          <Markdown source={content} />
        </details>
      )}
      <Options submission={submission} />
      <SubmittedFiles submission={submission.id} files={submission.files} />
      <LinedAnswer
        answer={answer}
        comments={draft.comments}
        label={gradingText.gradingLines}
        onLine={(number) => {
          setLine(String(number));
          remark.current?.focus();
        }}
        onRemove={(index) => change({ comments: draft.comments.filter((_, at) => at !== index) })}
      />
      <Others submission={submission} />
      <form
        className="form"
        ref={form}
        onSubmit={onSubmit}
        onKeyDown={onKeyDown}
        aria-label={gradingText.gradingVerdict}
      >
        {wasKept ? <p className="fine">{gradingText.gradingKept}</p> : null}
        {submission.number > 0 ? <p className="note">{gradingText.gradingNow}</p> : null}
        <RemarkForm
          lines={answer.split("\n").length}
          line={line}
          onLine={setLine}
          textRef={remark}
          onAdd={(added) => change({ comments: [...draft.comments, added] })}
        />
        {criteria === null ? null : (
          <RubricForm criteria={criteria} marks={draft.marks} onChange={(marks) => change({ marks })} />
        )}
        <fieldset className="segments">
          <legend className="visually-hidden">{gradingText.gradingVerdict}</legend>
          {[true, false].map((passed) => (
            <label key={String(passed)}>
              <input
                type="radio"
                name={`${id}-passed`}
                checked={draft.passed === passed}
                onChange={() => change({ passed })}
              />
              <span>{passed ? gradingText.gradingPassed : gradingText.gradingFailed}</span>
            </label>
          ))}
        </fieldset>
        {criteria === null ? (
          <label className="field">
            <span>{gradingText.gradingScore}</span>
            <input
              value={draft.score}
              maxLength={30}
              autoComplete="off"
              aria-describedby={`${id}-score`}
              onChange={(event) => change({ score: event.target.value })}
            />
            <span className="fine" id={`${id}-score`}>
              {gradingText.gradingScoreHint}
            </span>
          </label>
        ) : null}
        <label className="field">
          <span>{gradingText.gradingComment}</span>
          <textarea
            ref={comment}
            rows={4}
            maxLength={5_000}
            value={draft.feedback}
            aria-describedby={`${id}-comment`}
            onChange={(event) => change({ feedback: event.target.value })}
          />
          <span className="fine" id={`${id}-comment`}>
            {gradingText.gradingCommentHint}
          </span>
        </label>
        {draft.feedback.trim() === "" ? null : (
          <details>
            <summary>{gradingText.gradingPreview}</summary>
            <Markdown source={draft.feedback} />
          </details>
        )}
        {submission.number > 0 && !submission.held ? (
          <label className="check">
            <input
              type="checkbox"
              checked={draft.relock}
              onChange={(event) => change({ relock: event.target.checked })}
            />
            <span>{gradingText.gradingRelock}</span>
          </label>
        ) : (
          <label className="check">
            <input type="checkbox" checked={draft.held} onChange={(event) => change({ held: event.target.checked })} />
            <span>{gradingText.gradingHold}</span>
          </label>
        )}
        <p role="alert">{missing === null ? null : says[missing]}</p>
        {conflict === null ? null : (
          <Conflict verdict={conflict} onLeave={onGiven} onReplace={() => send(conflict.number)} forget={forget} />
        )}
        {give.isError && conflict === null ? <FaultNote fault={give.error} /> : null}
        <button type="submit" className="button is-primary" aria-disabled={give.isPending}>
          {give.isPending
            ? gradingText.gradingSending
            : submission.number > 0
              ? gradingText.gradingChange
              : gradingText.gradingGive}
        </button>
      </form>
      <VerdictHistory history={submission.history} />
    </article>
  );
}

/** The options of the question, for people who read an answer of ids. */
function Options({ submission: { question } }: { submission: GradedSubmission }) {
  if (question === null || question.options.length === 0) return null;
  return (
    <ul className="option-list">
      {question.options.map(({ id, text }) => (
        <li key={id}>
          <code>{id}</code> <Markdown source={text} />
        </li>
      ))}
    </ul>
  );
}

/** The verdict of another person who was first. */
function Conflict(props: { verdict: GivenVerdict; onLeave: () => void; onReplace: () => void; forget: () => void }) {
  const { verdict, onLeave, onReplace, forget } = props;
  const gradingText = useGradingText();
  const scoreText = useScoreText();
  const language = useLanguage();
  const when = verdict.judged_at === null ? "" : formatInstant(verdict.judged_at, language);
  return (
    <div className="note is-bad" role="alert" data-conflict={verdict.number}>
      <div>
        <strong>{gradingText.gradingConflict}</strong>
        <p className="fine">{gradingText.gradingConflictBy(verdict.judged_by ?? "–", when)}</p>
        <p>
          {gradingText.verdictStatus(verdict.status)} · {scoreText(verdict)}
        </p>
        <SaidOfAnswer feedback={verdict.feedback} rubric={verdict.rubric} />
        <div className="actions">
          <button
            type="button"
            className="button is-small"
            onClick={() => {
              forget();
              onLeave();
            }}
          >
            {gradingText.gradingKeepTheirs}
          </button>
          <button type="button" className="button is-small" onClick={onReplace}>
            {gradingText.gradingUseMine}
          </button>
        </div>
      </div>
    </div>
  );
}

function Others({ submission }: { submission: GradedSubmission }) {
  const messages = useMessages();
  const gradingText = useGradingText();
  const scoreText = useScoreText();
  const language = useLanguage();
  const others = useOthers(submission);
  if (others.length === 0) return null;
  return (
    <details>
      <summary>{gradingText.gradingEarlier(others.length)}</summary>
      <ol className="rows submissions">
        {others.map((other) => (
          <li key={other.id}>
            <p>
              <strong>{gradingText.verdictStatus(other.status)}</strong>
              {other.score === null ? null : ` · ${scoreText(other)}`}
              <span className="fine"> · {messages.submittedOn(formatInstant(other.submitted_at, language))}</span>
            </p>
            <SaidOfAnswer feedback={other.feedback} rubric={other.rubric} />
            <SubmittedFiles submission={other.id} files={other.files} />
            {other.answer === "" ? null : <pre className="submission-answer">{other.answer}</pre>}
          </li>
        ))}
      </ol>
    </details>
  );
}

/** The verdict in a refusal; null for any other fault. */
function verdictIn(fault: unknown): GivenVerdict | null {
  if (!isRefusal(fault, "already_judged")) return null;
  // SAFETY: the API's document gives problems with this code this member, and its tests compare.
  return (fault.problem as { verdict?: GivenVerdict }).verdict ?? null;
}
