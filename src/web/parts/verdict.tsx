import type { EarlierVerdict, RubricMark } from "../api/types.ts";
import { useGradingText } from "../i18n/grading.ts";
import { formatInstant, useLanguage, useMessages } from "../i18n/index.ts";
import type { Language } from "../lib/preferences.ts";
import { Markdown } from "./markdown.tsx";

type Said = Pick<EarlierVerdict, "feedback" | "rubric">;

/** A text that authors wrote in one language or in both. */
function textIn(text: { en?: string | undefined; zh?: string | undefined }, language: Language): string {
  return text[language] ?? text.en ?? text.zh ?? "";
}

/** What a person said of an answer: the comment, and the marks by criterion. */
export function SaidOfAnswer({ feedback, rubric }: Said) {
  return (
    <>
      {feedback === null || feedback === "" ? null : (
        <div className="submission-feedback">
          <Markdown source={feedback} />
        </div>
      )}
      {rubric.length === 0 ? null : <Marks rubric={rubric} />}
    </>
  );
}

function Marks({ rubric }: { rubric: readonly RubricMark[] }) {
  const gradingText = useGradingText();
  const language = useLanguage();
  return (
    <table className="marks">
      <thead>
        <tr>
          <th scope="col">{gradingText.verdictCriterion}</th>
          <th scope="col">{gradingText.gradingPoints}</th>
          <th scope="col">{gradingText.verdictLevel}</th>
        </tr>
      </thead>
      <tbody>
        {rubric.map(({ criterion, title, level_title: level, points, max, comment }) => (
          <tr key={criterion}>
            <td>
              {textIn(title, language)}
              {comment === null || comment === "" ? null : <p className="fine">{comment}</p>}
            </td>
            <td>
              {points} / {max}
            </td>
            <td>{level === null ? "–" : textIn(level, language)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Writes the score of a verdict as people do; null where it has none. */
export function useScoreText(): (verdict: Pick<EarlierVerdict, "score" | "points">) => string | null {
  const messages = useMessages();
  const gradingText = useGradingText();
  return ({ score, points }) => {
    if (score === null) return null;
    const percent = messages.scoreOf(Math.round(score * 100) / 100);
    return points === null ? percent : `${percent} · ${gradingText.verdictPoints(points.points, points.max)}`;
  };
}

/** Verdicts that others took the place of, the newest first, folded. */
export function VerdictHistory({ history }: { history: readonly EarlierVerdict[] }) {
  const messages = useMessages();
  const gradingText = useGradingText();
  const scoreText = useScoreText();
  const language = useLanguage();
  if (history.length === 0) return null;
  return (
    <details>
      <summary>{gradingText.verdictHistory(history.length)}</summary>
      <ol className="rows" reversed>
        {history.toReversed().map((verdict) => (
          <li key={verdict.number}>
            <p>
              <strong>{gradingText.verdictStatus(verdict.status)}</strong>
              {verdict.score === null ? null : ` · ${scoreText(verdict)}`}
              {verdict.judged_at === null ? null : (
                <span className="fine"> · {messages.judgedAt(formatInstant(verdict.judged_at, language))}</span>
              )}
            </p>
            <SaidOfAnswer feedback={verdict.feedback} rubric={verdict.rubric} />
          </li>
        ))}
      </ol>
    </details>
  );
}
