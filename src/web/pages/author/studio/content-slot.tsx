import { ContentField as ContentEditor } from "../content/index.tsx";
import type { ContentPart } from "../content/question-model.ts";
import { withField } from "./text.ts";
import type { Fields } from "./tree.ts";

/** The fields of an item that make its content. */
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

/** The text of an item, its question, and how an answer is judged. */
export function ContentField({ fields, onChange, document, item, label }: ContentSlotProps) {
  const part: ContentPart = Object.fromEntries(PARTS.map((name) => [name, fields[name]]));
  const take = (next: ContentPart) =>
    onChange((now) =>
      PARTS.reduce((changed, name) => {
        // Absent and null fields stay as they were written until they are edited.
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
