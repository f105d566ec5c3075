import { useSubmissions } from "../api/queries.ts";
import { type Submission, shortName } from "../api/types.ts";
import { useGradingText } from "../i18n/grading.ts";
import { formatInstant, useLanguage, useMessages } from "../i18n/index.ts";
import { FaultNote } from "../parts/fault.tsx";
import { LinedAnswer } from "../parts/lined-answer.tsx";
import { SubmittedFiles } from "../parts/submitted-files.tsx";
import { SaidOfAnswer, useScoreText, VerdictHistory } from "../parts/verdict.tsx";

/** Longest answer that is shown unfolded, characters. */
const SHORT = 200;

/** The learner's submissions for a problem, newest first, with verdicts and comments. Nothing while there is none. */
export function Submissions({ course, problem }: { course: string; problem: string }) {
  const messages = useMessages();
  const found = useSubmissions(course, problem);
  const list = found.data?.pages.flatMap((page) => page.results) ?? [];
  if (found.isError) return <FaultNote fault={found.error} retry={() => void found.refetch()} />;
  if (list.length === 0) return null;
  const id = `submissions-${shortName(`${course}.${problem}`)}`;
  return (
    <section aria-labelledby={id}>
      <h2 id={id}>{messages.yourSubmissions}</h2>
      <ol className="rows submissions">
        {list.map((submission) => (
          <li key={submission.id} data-submission={submission.status}>
            <Entry submission={submission} />
          </li>
        ))}
      </ol>
      {found.hasNextPage ? (
        <button
          type="button"
          className="button is-small"
          aria-disabled={found.isFetchingNextPage}
          onClick={() => void found.fetchNextPage()}
        >
          {messages.more}
        </button>
      ) : null}
    </section>
  );
}

function Entry({ submission }: { submission: Submission }) {
  const messages = useMessages();
  const gradingText = useGradingText();
  const scoreText = useScoreText();
  const language = useLanguage();
  const {
    answer,
    files,
    status,
    feedback,
    submitted_at: submitted,
    judged_at: judged,
    rubric,
    comments,
    history,
  } = submission;
  const word = { passed: messages.passed, failed: messages.failed, pending: messages.pending }[status];
  const score = scoreText(submission);
  return (
    <div className={`verdict is-${status}`}>
      <p>
        <strong>{word}</strong>
        {score === null ? null : ` · ${score}`}
        <span className="fine">
          {" · "}
          {messages.submittedOn(formatInstant(submitted, language))}
          {judged === null || judged === submitted ? null : ` · ${messages.judgedAt(formatInstant(judged, language))}`}
        </span>
      </p>
      <SaidOfAnswer feedback={feedback} rubric={rubric} />
      {status === "pending" ? <p className="fine">{messages.pendingText}</p> : null}
      <SubmittedFiles submission={submission.id} files={files} />
      {comments.length > 0 ? (
        <LinedAnswer answer={answer} comments={comments} label={gradingText.verdictRemarks} />
      ) : answer === "" ? null : answer.length <= SHORT ? (
        <pre className="submission-answer">{answer}</pre>
      ) : (
        <details>
          <summary>{messages.showAnswer}</summary>
          <pre className="submission-answer">{answer}</pre>
        </details>
      )}
      <VerdictHistory history={history} />
    </div>
  );
}
