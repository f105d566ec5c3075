import { useState } from "react";
import type { LineComment } from "../api/types.ts";
import { useGradingText } from "../i18n/grading.ts";
import { Markdown } from "./markdown.tsx";

/** Lines shown before somebody asks for the rest. */
const FIRST_LINES = 300;

/**
 * An answer by lines, with the remarks below the last line of each.
 * @param onLine somebody points at a line: only for whoever may remark.
 */
export function LinedAnswer(props: {
  answer: string;
  comments: readonly LineComment[];
  label: string;
  onLine?: (line: number) => void;
  onRemove?: (index: number) => void;
}) {
  const { answer, comments, label, onLine, onRemove } = props;
  const gradingText = useGradingText();
  const [isWhole, setWhole] = useState(false);
  const lines = answer.split("\n");
  const last = comments.reduce((most, { to }) => Math.max(most, to), FIRST_LINES);
  const shown = isWhole ? lines : lines.slice(0, last);
  const isMarked = (number: number) => comments.some(({ line, to }) => line <= number && number <= to);
  return (
    <>
      <ol className="lines" aria-label={label}>
        {shown.map((text, index) => {
          const number = index + 1;
          return (
            <li key={number} className={isMarked(number) ? "is-marked" : undefined} data-line={number}>
              {onLine === undefined ? (
                <span className="line-number">{number}</span>
              ) : (
                // By key a line is named by its number, below: a long answer would be as many stops as it has lines.
                <button
                  type="button"
                  className="line-number"
                  tabIndex={-1}
                  aria-label={gradingText.gradingRemarkOn(number)}
                  onClick={() => onLine(number)}
                >
                  {number}
                </button>
              )}
              <span className="line-text">{text === "" ? "\u00a0" : text}</span>
              {comments.map((comment, at) =>
                comment.to === number ? (
                  // biome-ignore lint/suspicious/noArrayIndexKey: two remarks may say the same of the same line.
                  <div key={at} className="remark">
                    <p className="fine">
                      {gradingText.gradingLine(comment.line, comment.to)}
                      {onRemove === undefined ? null : (
                        <>
                          {" · "}
                          <button type="button" className="link" onClick={() => onRemove(at)}>
                            {gradingText.gradingRemove}
                          </button>
                        </>
                      )}
                    </p>
                    <Markdown source={comment.text} />
                  </div>
                ) : null,
              )}
            </li>
          );
        })}
      </ol>
      {shown.length === lines.length ? null : (
        <button type="button" className="button is-small" onClick={() => setWhole(true)}>
          {gradingText.gradingMoreLines(lines.length - shown.length)}
        </button>
      )}
    </>
  );
}
