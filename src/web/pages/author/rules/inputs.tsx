import { useState } from "react";
import { COMPLETION_STATES, type CompletionState } from "../../../../unlock/index.ts";
import { useRuleWords } from "./words/index.ts";

/** A number within limits. While the typed text is no number, the last number stays. */
export function NumberInput(props: {
  label: string;
  value: number | undefined;
  min: number;
  max: number;
  isOptional?: boolean;
  isWhole?: boolean;
  onChange: (value: number | undefined) => void;
}) {
  const { label, value, min, max, isOptional = false, isWhole = false, onChange } = props;
  const [typed, setTyped] = useState<string | null>(null);
  const shown = typed ?? (value === undefined ? "" : String(value));
  const read = (text: string): number | undefined | null => {
    if (text.trim() === "") return isOptional ? undefined : null;
    const number = Number(text);
    return Number.isFinite(number) && number >= min && number <= max && (!isWhole || Number.isInteger(number))
      ? number
      : null;
  };
  return (
    <input
      className="rule-number"
      inputMode="decimal"
      autoComplete="off"
      aria-label={label}
      aria-invalid={read(shown) === null}
      placeholder={isOptional ? "–" : undefined}
      value={shown}
      onChange={(event) => {
        setTyped(event.target.value);
        const number = read(event.target.value);
        if (number !== null) onChange(number);
      }}
      onBlur={() => setTyped(null)}
    />
  );
}

/** A lower bound (inclusive) and an upper bound (exclusive); each may be missing. */
export function RangeInput<T extends { min?: number; below?: number }>(props: {
  value: T;
  unit: string;
  min: number;
  max: number;
  onChange: (value: T) => void;
}) {
  const { value, unit, min, max, onChange } = props;
  const words = useRuleWords();
  const change = (field: "min" | "below", number: number | undefined) => {
    const { [field]: _before, ...rest } = value;
    // SAFETY: only an optional field was removed or added.
    onChange((number === undefined ? rest : { ...rest, [field]: number }) as unknown as T);
  };
  return (
    <span className="rule-range">
      <span>{words.atLeast}</span>
      <NumberInput
        label={words.atLeast}
        value={value.min}
        min={min}
        max={max}
        isOptional
        onChange={(n) => change("min", n)}
      />
      <span>{unit}</span>
      <span>{words.below}</span>
      <NumberInput
        label={words.below}
        value={value.below}
        min={min}
        max={max}
        isOptional
        onChange={(n) => change("below", n)}
      />
      <span>{unit}</span>
    </span>
  );
}

/** States of an item; at least one stays selected. */
export function StatesInput(props: {
  value: readonly CompletionState[];
  onChange: (value: CompletionState[]) => void;
}) {
  const { value, onChange } = props;
  const words = useRuleWords();
  return (
    <span className="rule-states">
      {COMPLETION_STATES.map((state) => (
        <label key={state} className="rule-check">
          <input
            type="checkbox"
            checked={value.includes(state)}
            disabled={value.length === 1 && value.includes(state)}
            onChange={(event) =>
              onChange(
                COMPLETION_STATES.filter((each) => (each === state ? event.target.checked : value.includes(each))),
              )
            }
          />
          <span>{words.state[state]}</span>
        </label>
      ))}
    </span>
  );
}

/** An instant in the author's own time zone. It stays as it is written until it is changed. */
export function InstantInput(props: { value: string; label: string; onChange: (value: string) => void }) {
  const { value, label, onChange } = props;
  return (
    <input
      type="datetime-local"
      aria-label={label}
      value={localOf(value)}
      onChange={(event) => {
        const at = new Date(event.target.value);
        if (!Number.isNaN(at.getTime())) onChange(at.toISOString().replace(".000", ""));
      }}
    />
  );
}

/** `2027-03-01T09:00` in the author's time zone; "" if it is no instant. */
function localOf(instant: string): string {
  const at = new Date(instant);
  if (Number.isNaN(at.getTime())) return "";
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
