import { ContentField as ContentEditor } from "../content/index.tsx";
import type { ContentPart } from "../content/question-model.ts";
import { withField } from "./text.ts";
import type { Fields } from "./tree.ts";

/** The fields of an item that its content consists of. */
const PARTS = ["content", "question", "answer", "rubric"] as const;

interface ContentSlotProps {
  fields: Fields;
  onChange: (change: (fields: Fields) => Fields) => void;
  /** The whole draft. */
  document: unknown;
  /** Id of the item. */
  item: string;
  label: string;
}

/** What an item says, what it asks, and how an answer to it is judged. */
export function ContentField({ fields, onChange, document, item, label }: ContentSlotProps) {
  const part: ContentPart = Object.fromEntries(PARTS.map((name) => [name, fields[name]]));
  const take = (next: ContentPart) =>
    onChange((now) =>
      PARTS.reduce((changed, name) => {
        // What was left out, and what was null, stay as they were written until something is said of them.
        return next[name] === part[name] ? changed : withField(changed, name, next[name] ?? undefined);
      }, now),
    );
  return (
    <fieldset className="studio-slot">
      <legend>{label}</legend>
      <ContentEditor value={part} onChange={take} course={document} item={item} />
    </fieldset>
  );
}
