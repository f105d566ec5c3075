import { useId, useState } from "react";
import { useStudioText } from "../../../i18n/studio.ts";

/** Texts that are no JSON yet, by place: they are there again when one comes back to the item. */
const unfinished = new Map<string, string>();

/** A value of the document, as JSON. What is no JSON yet changes nothing. */
export function JsonField(props: {
  label: string;
  /** Names the value on this page. */
  place: string;
  value: unknown;
  onChange: (value: unknown) => void;
}) {
  const { label, place, value, onChange } = props;
  const text = useStudioText();
  const id = useId();
  const written = value === undefined ? "" : JSON.stringify(value, null, 2);
  const [typed, setTyped] = useState<string | null>(unfinished.get(place) ?? null);
  const isBroken = typed !== null && parsed(typed) === null;
  const change = (next: string) => {
    setTyped(next);
    const read = parsed(next);
    if (read === null) unfinished.set(place, next);
    else {
      unfinished.delete(place);
      onChange(read.value);
    }
  };
  return (
    <label className="field">
      <span>{label}</span>
      <textarea
        rows={Math.min(12, (typed ?? written).split("\n").length + 1)}
        spellCheck={false}
        value={typed ?? written}
        aria-invalid={isBroken}
        aria-describedby={`${id}-note`}
        onChange={(event) => change(event.target.value)}
        onBlur={() => {
          if (!isBroken) setTyped(null);
        }}
      />
      <span className={isBroken ? "studio-error" : "fine"} id={`${id}-note`}>
        {isBroken ? text.notJson : text.asJson}
      </span>
    </label>
  );
}

/** An empty text is a field that is not there. */
function parsed(text: string): { value: unknown } | null {
  if (text.trim() === "") return { value: undefined };
  try {
    return { value: JSON.parse(text) };
  } catch {
    return null;
  }
}
