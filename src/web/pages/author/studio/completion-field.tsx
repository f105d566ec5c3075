import { useStudioText } from "../../../i18n/studio.ts";
import { NumberField, SelectField } from "./fields.tsx";
import { JsonField } from "./json-field.tsx";
import { isFields } from "./tree.ts";

const KINDS = [
  "default",
  "view",
  "mark",
  "submit",
  "contribute",
  "score",
  "points",
  "pass",
  "children",
  "other",
] as const;
export type CompletionKind = (typeof KINDS)[number];

/** The form of a requirement, if a form can express it; everything else is `other`. */
function completionKind(value: unknown): CompletionKind {
  if (value === undefined) return "default";
  if (!isFields(value)) return "other";
  const [name, ...more] = Object.keys(value);
  if (name === undefined || more.length > 0) return "other";
  const operand = value[name];
  if (["view", "mark", "submit", "contribute"].includes(name) && operand === true) {
    return KINDS.find((kind) => kind === name) ?? "other";
  }
  if ((name === "score" || name === "points") && isFields(operand)) return name;
  if (name === "pass" && (operand === true || (isFields(operand) && onlyHas(operand, "min")))) return name;
  return name === "children" && isFields(operand) && onlyHas(operand, "all") ? name : "other";
}

function onlyHas(value: object, name: string): boolean {
  return Object.keys(value).every((key) => key === name);
}

const BEGIN: Readonly<Record<CompletionKind, unknown>> = {
  default: undefined,
  view: { view: true },
  mark: { mark: true },
  submit: { submit: true },
  contribute: { contribute: true },
  score: { score: { min: 60 } },
  points: { points: { min: 1 } },
  pass: { pass: true },
  children: { children: { all: true } },
  other: { any: [{ view: true }, { mark: true }] },
};

/** How an item becomes complete. */
export function CompletionField(props: {
  value: unknown;
  item: string;
  isChapter: boolean;
  onChange: (value: unknown) => void;
}) {
  const { value, item, isChapter, onChange } = props;
  const text = useStudioText();
  const kind = completionKind(value);
  const options = KINDS.filter((each) => isChapter || each !== "children").map(
    (each) => [each, each === "default" ? text.completionDefault(isChapter) : text.completion[each]] as const,
  );
  const operand = isFields(value) && kind !== "other" ? value[kind] : undefined;
  const min = isFields(operand) ? operand.min : undefined;
  const setMin = (next: unknown) => {
    if (kind === "pass") onChange({ pass: next === undefined ? true : { min: next } });
    else onChange({ [kind]: next === undefined ? {} : { min: next } });
  };
  return (
    <>
      <SelectField
        label={text.completionLabel}
        value={kind}
        options={options}
        onChange={(next) => onChange(BEGIN[next])}
      />
      {kind === "score" || kind === "points" || kind === "pass" ? (
        <NumberField
          label={kind === "points" ? text.leastPoints : text.leastScore}
          hint={kind === "pass" ? text.passHint : text.leastHint}
          value={min}
          onChange={setMin}
        />
      ) : null}
      {kind === "other" ? (
        <JsonField label={text.completionJson} place={`${item} completion`} value={value} onChange={onChange} />
      ) : null}
    </>
  );
}
