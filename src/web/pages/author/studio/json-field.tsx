import { useId, useState } from "react";
import { useStudioText } from "../../../i18n/studio.ts";
import { useKeptText } from "../../../lib/use-kept-text.ts";

/** A value of the document, as JSON. Text that is not JSON yet changes nothing, and is there again after a reload. */
export function JsonField(props: {
  label: string;
  /** Names the value, unique over all courses. */
  place: string;
  value: unknown;
  onChange: (value: unknown) => void;
}) {
  const { label, place, value, onChange } = props;
  const text = useStudioText();
  const id = useId();
  const written = value === undefined ? "" : JSON.stringify(value, null, 2);
  const [broken, setBroken] = useKeptText(`json ${place}`);
  // While the field has the focus, JSON stays as it was typed.
  const [typed, setTyped] = useState<string | null>(broken);
  const isBroken = typed !== null && parsed(typed) === null;
  const change = (next: string) => {
    setTyped(next);
    const read = parsed(next);
    setBroken(read === null ? next : null);
    if (read !== null) onChange(read.value);
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

/** An empty text removes the field. */
function parsed(text: string): { value: unknown } | null {
  if (text.trim() === "") return { value: undefined };
  try {
    return { value: JSON.parse(text) };
  } catch {
    return null;
  }
}
