import { useId } from "react";
import type { AskedQuestion } from "../../api/types.ts";
import { useMessages } from "../../i18n/index.ts";

/** Splits a value as this field writes it: the number, then one of the units. */
function read(value: string, units: readonly string[]): { number: string; unit: string } {
  const unit = units.find((each) => value.endsWith(` ${each}`)) ?? "";
  return { number: unit === "" ? value : value.slice(0, -unit.length - 1), unit };
}

/** A number with its unit: beside the field where there is one, in a list where there are several. */
export function NumberField(props: { question: AskedQuestion; value: string; onChange: (value: string) => void }) {
  const { question, value, onChange } = props;
  const messages = useMessages();
  const id = useId();
  const { units } = question;
  const { number, unit } = read(value, units);
  const [only] = units;
  const say = (next: string, of: string) => onChange(next.trim() === "" || of === "" ? next : `${next} ${of}`);
  return (
    <div className="field">
      <label htmlFor={id}>{messages.questionNumber}</label>
      <span className="measure">
        <input
          id={id}
          name="answer"
          inputMode="text"
          autoComplete="off"
          spellCheck={false}
          value={number}
          aria-describedby={`${id}-hint`}
          onChange={(event) => say(event.target.value, units.length === 1 ? (only ?? "") : unit)}
        />
        {units.length === 1 ? <span>{only}</span> : null}
        {units.length > 1 ? (
          <select
            aria-label={messages.questionUnit}
            value={unit}
            onChange={(event) => say(number, event.target.value)}
            disabled={number.trim() === ""}
          >
            <option value="">{messages.questionChooseUnit}</option>
            {units.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        ) : null}
      </span>
      <span className="fine" id={`${id}-hint`}>
        {messages.questionNumberHint}
      </span>
    </div>
  );
}
