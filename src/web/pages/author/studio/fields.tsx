import { type ReactNode, useId } from "react";
import { useStudioText } from "../../../i18n/studio.ts";
import type { Language } from "../../../lib/preferences.ts";
import { partIn, withPart } from "./text.ts";
import { isFields } from "./tree.ts";

/** One line of text. */
export function TextField(props: {
  label: string;
  value: string;
  onChange: (value: string) => void;
  hint?: string;
  list?: readonly string[];
  lang?: string;
  field?: string;
  inputMode?: "numeric" | "decimal";
}) {
  const { label, value, onChange, hint, list, lang, field, inputMode } = props;
  const id = useId();
  return (
    <label className="field">
      <span>{label}</span>
      <input
        value={value}
        lang={lang}
        data-field={field}
        inputMode={inputMode}
        list={list === undefined ? undefined : `${id}-list`}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        onChange={(event) => onChange(event.target.value)}
      />
      {hint === undefined ? null : (
        <span className="fine" id={`${id}-hint`}>
          {hint}
        </span>
      )}
      {list === undefined ? null : (
        <datalist id={`${id}-list`}>
          {list.map((option) => (
            <option key={option} value={option} />
          ))}
        </datalist>
      )}
    </label>
  );
}

/** A choice of one. */
export function SelectField<T extends string>(props: {
  label: string;
  value: T;
  options: readonly (readonly [T, string])[];
  onChange: (value: T) => void;
  hint?: string;
}) {
  const { label, value, options, onChange, hint } = props;
  const id = useId();
  return (
    <label className="field">
      <span>{label}</span>
      <select
        value={value}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        onChange={(event) => {
          const chosen = options.find(([option]) => option === event.target.value);
          if (chosen !== undefined) onChange(chosen[0]);
        }}
      >
        {options.map(([option, name]) => (
          <option key={option} value={option}>
            {name}
          </option>
        ))}
      </select>
      {hint === undefined ? null : (
        <span className="fine" id={`${id}-hint`}>
          {hint}
        </span>
      )}
    </label>
  );
}

/** A number; other text stays as it was typed, and the check reports it. */
export function NumberField(props: {
  label: string;
  value: unknown;
  onChange: (value: unknown) => void;
  hint?: string;
}) {
  const { label, value, onChange, hint } = props;
  const change = (text: string) => {
    const number = Number(text.trim());
    if (text.trim() === "") onChange(undefined);
    // "1." and "-" become numbers with the next key.
    else onChange(String(number) === text.trim() ? number : text);
  };
  return (
    <TextField
      label={label}
      value={value === undefined || value === null ? "" : String(value)}
      inputMode="decimal"
      onChange={change}
      {...(hint === undefined ? {} : { hint })}
    />
  );
}

export function CheckField(props: { label: string; value: boolean; onChange: (value: boolean) => void }) {
  return (
    <label className="studio-check">
      <input type="checkbox" checked={props.value} onChange={(event) => props.onChange(event.target.checked)} />
      <span>{props.label}</span>
    </label>
  );
}

/** A text in both languages. */
export function LocalizedField(props: {
  label: string;
  value: unknown;
  onChange: (value: unknown) => void;
  isLong?: boolean;
  field?: string;
}) {
  const { label, value, onChange, isLong = false, field } = props;
  const text = useStudioText();
  const part = (language: Language) => {
    const name = `${label} (${text.languages[language]})`;
    const change = (next: string) => onChange(withPart(value, language, next));
    if (!isLong) {
      return (
        <TextField
          label={name}
          lang={language}
          value={partIn(value, language)}
          onChange={change}
          {...(field === undefined ? {} : { field: `${field}-${language}` })}
        />
      );
    }
    return (
      <label className="field">
        <span>{name}</span>
        <textarea
          rows={6}
          lang={language}
          value={partIn(value, language)}
          onChange={(event) => change(event.target.value)}
        />
      </label>
    );
  };
  return (
    <>
      {part("en")}
      {part("zh")}
    </>
  );
}

type WhenKind = "none" | "instant" | "days";

/** A date: none, an instant, or a number of days after the learner enrolled. */
export function WhenField(props: {
  label: string;
  value: unknown;
  onChange: (value: unknown) => void;
  /** False: only an instant. */
  mayCount?: boolean;
}) {
  const { label, value, onChange, mayCount = true } = props;
  const text = useStudioText();
  const kind: WhenKind = typeof value === "string" ? "instant" : isFields(value) ? "days" : "none";
  const start: Record<WhenKind, unknown> = {
    none: undefined,
    instant: new Date(new Date().setHours(24, 0, 0, 0)).toISOString(),
    days: { days: 7 },
  };
  const options: [WhenKind, string][] = [
    ["none", text.whenNone],
    ["instant", text.whenInstant],
  ];
  if (mayCount) options.push(["days", text.whenDays]);
  return (
    <div className="studio-when">
      <SelectField label={label} value={kind} options={options} onChange={(next) => onChange(start[next])} />
      {kind === "instant" ? (
        <label className="field">
          <span>{text.whenAt(label)}</span>
          <input
            type="datetime-local"
            value={localOf(String(value))}
            onChange={(event) => {
              const at = Date.parse(event.target.value);
              if (!Number.isNaN(at)) onChange(new Date(at).toISOString());
            }}
          />
        </label>
      ) : null}
      {kind === "days" && isFields(value) ? (
        <NumberField
          label={text.whenAfter(label)}
          value={value.days}
          onChange={(days) => onChange({ ...value, days: days ?? 0 })}
        />
      ) : null}
    </div>
  );
}

/** An instant in the form of the browser's field: in the author's own time zone. */
function localOf(instant: string): string {
  const at = Date.parse(instant);
  if (Number.isNaN(at)) return "";
  return new Date(at - new Date(at).getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

export function Group({ title, children }: { title: string; children: ReactNode }) {
  return (
    <fieldset className="studio-group">
      <legend>{title}</legend>
      {children}
    </fieldset>
  );
}
