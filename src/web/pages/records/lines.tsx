import { useRecordsText } from "../../i18n/records.ts";

/** One field of each line. */
export type Field = { label: string } & (
  | { kind: "iri" }
  | { kind: "text"; list: string }
  | { kind: "choice"; options: readonly [value: string, label: string][] }
);

/** A table that is written in: lines of fields, with one more at each press of a button. */
export function Lines(props: {
  title: string;
  lead: string;
  fields: readonly Field[];
  lines: readonly string[][];
  change: (lines: string[][]) => void;
}) {
  const { title, lead, fields, lines, change } = props;
  const text = useRecordsText();
  const set = (line: number, place: number, value: string) =>
    change(lines.map((one, at) => (at === line ? one.map((old, field) => (field === place ? value : old)) : one)));
  const empty = fields.map((field) => (field.kind === "choice" ? (field.options[0]?.[0] ?? "") : ""));
  return (
    <fieldset>
      <legend>{title}</legend>
      <p className="fine">{lead}</p>
      {lines.map((line, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a line is known by its place alone.
        <div className="actions record-line" key={at} data-line={at}>
          {fields.map((field, place) => (
            <Input
              key={field.label}
              field={field}
              label={text.lineOf(field.label, at + 1)}
              value={line[place] ?? ""}
              change={(value) => set(at, place, value)}
            />
          ))}
          <button
            type="button"
            className="button is-small"
            aria-label={text.drop(title, at + 1)}
            onClick={() => change(lines.filter((_, other) => other !== at))}
          >
            ×
          </button>
        </div>
      ))}
      <button type="button" className="button is-small" onClick={() => change([...lines, empty])}>
        {text.add(title)}
      </button>
    </fieldset>
  );
}

function Input(props: { field: Field; label: string; value: string; change: (value: string) => void }) {
  const { field, label, value, change } = props;
  if (field.kind === "choice") {
    return (
      <select aria-label={label} value={value} onChange={({ target }) => change(target.value)}>
        {field.options.map(([option, shown]) => (
          <option key={option} value={option}>
            {shown}
          </option>
        ))}
      </select>
    );
  }
  return (
    <input
      aria-label={label}
      placeholder={field.kind === "iri" ? "https://…" : undefined}
      list={field.kind === "text" ? field.list : undefined}
      maxLength={2_000}
      value={value}
      onChange={({ target }) => change(target.value)}
    />
  );
}
