import type { SubmitEvent } from "react";
import { request } from "../../../api/request.ts";
import { useLanguage } from "../../../i18n/index.ts";
import { useLtiText } from "../../../i18n/lti.ts";
import { FaultNote } from "../../../parts/fault.tsx";
import { type Detail, useLtiWrite, whenIn } from "./api.ts";

type Context = Detail["contexts"][number];

/** The gradebook of one course there: what was read, why not, and which column is read for which item. */
export function Gradebook({ platform, context }: { platform: string; context: Context }) {
  const text = useLtiText();
  const language = useLanguage();
  const { deployment, course, gradebook } = context;
  const save = useLtiWrite((columns: object[]) =>
    request(`/lti/platforms/${platform}/results`, {
      method: "PUT",
      body: { deployment, context: context.context, course, columns },
    }),
  );
  const rows = rowsOf(gradebook);
  const onSubmit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const of = (name: string) => String(form.get(name) ?? "").trim();
    const columns = [...rows.map(({ line_item }) => line_item), of("address")].flatMap((line_item, index) => {
      const item = of(`item-${index}`);
      if (item === "" || line_item === "") return [];
      return [{ line_item, item, completes: form.get(`completes-${index}`) !== null }];
    });
    if (!save.isPending) save.mutate(columns);
  };
  return (
    <details>
      <summary>{text.gradebook(context.title ?? context.context, course)}</summary>
      <p className="fine">
        {text.lastRead}: {whenIn(language, gradebook.last_read, text.never)}
      </p>
      {gradebook.unlisted === null ? null : (
        <p>
          {text.unlisted} <code>{gradebook.unlisted}</code>
        </p>
      )}
      {gradebook.unknown.length === 0 ? null : (
        <p>
          {text.unknownPeople} <code>{gradebook.unknown.join(" ")}</code>
        </p>
      )}
      <form className="form" onSubmit={onSubmit}>
        <p className="fine">{text.gradebookHint(course)}</p>
        {rows.map((row, index) => (
          <Column key={row.line_item} row={row} index={index} />
        ))}
        <label className="field">
          <span>{text.columnAddress}</span>
          <input name="address" type="url" autoComplete="off" spellCheck={false} />
        </label>
        <ItemFields index={rows.length} label={text.columnAddress} item="" completes={false} />
        {save.isError ? <FaultNote fault={save.error} /> : null}
        {save.isSuccess ? (
          <p className="note is-good" role="status">
            {text.columnsSaved}
          </p>
        ) : null}
        <button type="submit" className="button is-small" aria-disabled={save.isPending}>
          {text.saveColumns}
        </button>
      </form>
    </details>
  );
}

interface Row {
  line_item: string;
  label: string;
  read: Context["gradebook"]["columns"][number] | null;
}

/** Columns that are read, and those that could be. */
function rowsOf({ columns, listed }: Context["gradebook"]): Row[] {
  const labels = new Map(listed.map(({ line_item, label }) => [line_item, label]));
  const addresses = new Set([...columns.map(({ line_item }) => line_item), ...labels.keys()]);
  return [...addresses].map((line_item) => ({
    line_item,
    label: labels.get(line_item) || line_item,
    read: columns.find((column) => column.line_item === line_item) ?? null,
  }));
}

function Column({ row: { label, read }, index }: { row: Row; index: number }) {
  const text = useLtiText();
  const counts = Object.entries(read?.counts ?? {});
  return (
    <>
      <ItemFields index={index} label={label} item={read?.item ?? ""} completes={read?.completes ?? false} />
      {counts.length === 0 ? null : (
        <p className="fine">
          {counts.map(([word, count]) => `${text.resultCounts[word] ?? word}: ${count}`).join(" · ")}
        </p>
      )}
      {read?.failure == null ? null : (
        <p>
          {text.columnUnread} <code>{read.failure}</code>
        </p>
      )}
    </>
  );
}

function ItemFields({
  index,
  label,
  item,
  completes,
}: {
  index: number;
  label: string;
  item: string;
  completes: boolean;
}) {
  const text = useLtiText();
  return (
    <>
      <label className="field">
        <span>{text.itemFor(label)}</span>
        <input name={`item-${index}`} defaultValue={item} autoComplete="off" spellCheck={false} />
      </label>
      <label className="check">
        <input type="checkbox" name={`completes-${index}`} defaultChecked={completes} /> {text.completesToo(label)}
      </label>
    </>
  );
}
