import { type RefObject, useState } from "react";
import type { LineComment } from "../../../api/types.ts";
import { useGradingText } from "../../../i18n/grading.ts";

/** A remark on some lines of the answer. The field of the line is where a click on a line leads. */
export function RemarkForm(props: {
  lines: number;
  line: string;
  onLine: (line: string) => void;
  textRef: RefObject<HTMLInputElement | null>;
  onAdd: (comment: LineComment) => void;
}) {
  const { lines, line, onLine, textRef, onAdd } = props;
  const gradingText = useGradingText();
  const [to, setTo] = useState("");
  const [text, setText] = useState("");
  const add = () => {
    const from = Number(line);
    const last = to === "" ? from : Number(to);
    const isThere = Number.isInteger(from) && from >= 1 && last >= from && last <= lines && Number.isInteger(last);
    if (!isThere || text.trim() === "") return;
    onAdd({ line: from, to: last, text: text.trim() });
    setText("");
    setTo("");
  };
  return (
    <fieldset className="rubric">
      <legend>{gradingText.gradingRemark}</legend>
      <div className="remark-form">
        <label className="field">
          <span>{gradingText.gradingFromLine}</span>
          <input inputMode="numeric" value={line} onChange={(event) => onLine(event.target.value)} />
        </label>
        <label className="field">
          <span>{gradingText.gradingToLine}</span>
          <input inputMode="numeric" value={to} onChange={(event) => setTo(event.target.value)} />
        </label>
        <label className="field">
          <span>{gradingText.gradingRemarkText}</span>
          <input
            ref={textRef}
            value={text}
            maxLength={2_000}
            onChange={(event) => setText(event.target.value)}
            onKeyDown={(event) => {
              if (event.key !== "Enter" || event.ctrlKey || event.metaKey || event.nativeEvent.isComposing) return;
              event.preventDefault();
              add();
            }}
          />
        </label>
        <button type="button" className="button is-small" onClick={add}>
          {gradingText.gradingAddRemark}
        </button>
      </div>
    </fieldset>
  );
}
