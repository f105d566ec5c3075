import { useId, useState } from "react";
import {
  type ContentPart,
  type Json,
  numberOf,
  objectOf,
  objects,
  strings,
  textOf,
  unitsOf,
  withNumberKey,
} from "./question-model.ts";
import { useContentWords } from "./words.ts";

interface KeyFormProps {
  part: ContentPart;
  /** Whether only a number can be right. */
  isNumber: boolean;
  onChange: (part: ContentPart) => void;
}

/** The right typed answers: texts, a number with its unit, or a pattern. */
export function KeyForm({ part, isNumber, onChange }: KeyFormProps) {
  const words = useContentWords();
  const key = objectOf(part.answer);
  const set = (next: Json) => onChange({ ...part, answer: next });
  const kinds = ["exact", "numeric", "regex"] as const;
  const choose = (kind: string) => {
    if (kind === "numeric") set({ kind, value: 0, tolerance: 0 });
    else if (kind === "regex") set({ kind, pattern: ".+", case_sensitive: true });
    else set({ kind: "exact", values: ["…"], case_sensitive: false });
  };
  return (
    <>
      {isNumber ? null : (
        <label className="field">
          <span>{words.byKey}</span>
          <select value={textOf(key.kind)} onChange={(event) => choose(event.target.value)}>
            {kinds.map((kind) => (
              <option key={kind} value={kind}>
                {words.keyKinds[kind]}
              </option>
            ))}
          </select>
        </label>
      )}
      {key.kind === "exact" ? (
        <Typed
          label={words.exactValues}
          value={strings(key.values).join("\n")}
          rows={3}
          onChange={(text) => {
            const values = text
              .split("\n")
              .map((line) => line.trim())
              .filter((line) => line !== "");
            if (values.length > 0) set({ ...key, values });
          }}
        />
      ) : null}
      {key.kind === "regex" ? (
        <Typed
          label={words.pattern}
          value={textOf(key.pattern)}
          onChange={(pattern) => pattern !== "" && set({ ...key, pattern })}
        />
      ) : null}
      {key.kind === "exact" || key.kind === "regex" ? (
        <label className="check">
          <input
            type="checkbox"
            checked={key.case_sensitive === true || (key.kind === "regex" && key.case_sensitive === undefined)}
            onChange={(event) => set({ ...key, case_sensitive: event.target.checked })}
          />
          <span>{words.caseSensitive}</span>
        </label>
      ) : null}
      {key.kind === "numeric" ? <NumberKey part={part} onChange={onChange} /> : null}
    </>
  );
}

function NumberKey({ part, onChange }: Omit<KeyFormProps, "isNumber">) {
  const words = useContentWords();
  const key = objectOf(part.answer);
  const set = (next: Json) => onChange(withNumberKey(part, next));
  const number = (field: string, label: string, least: number | null, isOptional: boolean) => (
    <Typed
      label={label}
      value={String(numberOf(key[field]) ?? "")}
      onChange={(text) => {
        const { [field]: _before, ...rest } = key;
        if (text.trim() === "") {
          if (isOptional) set(rest);
          return;
        }
        const value = Number(text);
        if (Number.isFinite(value) && (least === null || value >= least)) set({ ...key, [field]: value });
      }}
    />
  );
  return (
    <div className="content-number">
      {number("value", words.value, null, false)}
      {number("tolerance", words.tolerance, 0, true)}
      {number("tolerance_percent", words.tolerancePercent, 0, true)}
      <Typed label={words.unit} value={textOf(key.unit)} onChange={(unit) => set({ ...key, unit: unit.trim() })} />
      {textOf(key.unit) === "" ? null : (
        <>
          <Typed
            label={words.otherUnits}
            hint={words.otherUnitsHint}
            rows={2}
            value={objects(key.other_units)
              .map(({ unit, factor }) => `${textOf(unit)} = ${String(factor)}`)
              .join("\n")}
            onChange={(text) => set({ ...key, other_units: unitsOf(text) })}
          />
          <label className="check">
            <input
              type="checkbox"
              checked={key.unit_required === true}
              onChange={(event) => set({ ...key, unit_required: event.target.checked })}
            />
            <span>{words.unitRequired}</span>
          </label>
        </>
      )}
    </div>
  );
}

/**
 * A field that is read while it is typed, and shows what was read when it is left, so that half a number stays typed.
 */
export function Typed(props: {
  label: string;
  value: string;
  hint?: string;
  rows?: number;
  onChange: (text: string) => void;
}) {
  const { label, value, hint, rows, onChange } = props;
  const [typed, setTyped] = useState<string | null>(null);
  const id = useId();
  const common = {
    id,
    ...(hint === undefined ? {} : { "aria-describedby": `${id}-hint` }),
    value: typed ?? value,
    spellCheck: false,
    onChange: (event: { target: { value: string } }) => {
      setTyped(event.target.value);
      onChange(event.target.value);
    },
    onBlur: () => setTyped(null),
  };
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {rows === undefined ? <input autoComplete="off" {...common} /> : <textarea rows={rows} {...common} />}
      {hint === undefined ? null : (
        <span className="fine" id={`${id}-hint`}>
          {hint}
        </span>
      )}
    </div>
  );
}
