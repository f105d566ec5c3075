import { useStudioText } from "../../../i18n/studio.ts";
import { CheckField, NumberField, SelectField, TextField } from "./fields.tsx";
import { isFields } from "./tree.ts";

const KINDS = ["person", "exact", "numeric", "regex"] as const;
type AnswerKind = (typeof KINDS)[number];

const BEGIN: Readonly<Record<AnswerKind, unknown>> = {
  person: undefined,
  exact: { kind: "exact", values: [""] },
  numeric: { kind: "numeric", value: 0 },
  regex: { kind: "regex", pattern: "" },
};

/** How answers to a problem are judged. */
export function AnswerField({ value, onChange }: { value: unknown; onChange: (value: unknown) => void }) {
  const text = useStudioText();
  const fields = isFields(value) ? value : {};
  const kind = KINDS.find((each) => each === fields.kind) ?? "person";
  const set = (name: string, next: unknown) => onChange({ ...fields, [name]: next });
  return (
    <>
      <SelectField
        label={text.answerLabel}
        value={kind}
        options={KINDS.map((each) => [each, text.answer[each]] as const)}
        onChange={(next) => onChange(BEGIN[next])}
      />
      {kind === "exact" ? (
        <label className="field">
          <span>{text.answerValues}</span>
          <textarea
            rows={3}
            value={Array.isArray(fields.values) ? fields.values.join("\n") : ""}
            onChange={(event) => set("values", event.target.value.split("\n"))}
            onBlur={(event) => {
              const values = event.target.value.split("\n").filter((line) => line !== "");
              if (values.length > 0 && values.join("\n") !== event.target.value) set("values", values);
            }}
          />
        </label>
      ) : null}
      {kind === "numeric" ? (
        <>
          <NumberField label={text.answerNumber} value={fields.value} onChange={(next) => set("value", next ?? 0)} />
          <NumberField
            label={text.answerTolerance}
            value={fields.tolerance}
            onChange={(next) => set("tolerance", next ?? 0)}
          />
        </>
      ) : null}
      {kind === "regex" ? (
        <TextField
          label={text.answerPattern}
          value={typeof fields.pattern === "string" ? fields.pattern : ""}
          onChange={(next) => set("pattern", next)}
        />
      ) : null}
      {kind === "exact" || kind === "regex" ? (
        <CheckField
          label={text.answerCase}
          value={typeof fields.case_sensitive === "boolean" ? fields.case_sensitive : kind === "regex"}
          onChange={(next) => set("case_sensitive", next)}
        />
      ) : null}
    </>
  );
}
