import { useState } from "react";
import { useBuilding } from "./builder.tsx";
import { useRuleWords } from "./words/index.ts";

interface ItemSelectProps {
  value: string;
  label: string;
  onChange: (id: string) => void;
  /** Items that are chosen already. */
  without?: readonly string[];
  /** Means nothing: then the choice adds another item, and the list goes back to this value. */
  prompt?: string;
}

/**
 * A list of the items that a condition may name. It is filled when the user opens it, because a course may have
 * thousands of items, and a rule many lists.
 */
export function ItemSelect({ value, label, onChange, without = [], prompt }: ItemSelectProps) {
  const words = useRuleWords();
  const { items, barred } = useBuilding();
  const [isFilled, setIsFilled] = useState(false);
  const fill = () => setIsFilled(true);
  const chosen = items.find(({ id }) => id === value);
  const offered = isFilled ? items.filter(({ id }) => id !== value && !barred.has(id) && !without.includes(id)) : [];
  return (
    <select
      aria-label={label}
      value={value}
      onFocus={fill}
      onPointerDown={fill}
      onChange={(event) => {
        if (event.target.value !== "") onChange(event.target.value);
      }}
    >
      {prompt === undefined ? null : <option value="">{prompt}</option>}
      {value === "" ? null : <option value={value}>{chosen?.title ?? words.gone(value)}</option>}
      {offered.map(({ id, title, chapter }) => (
        <option key={id} value={id}>
          {chapter === null ? title : `— ${title}`}
        </option>
      ))}
    </select>
  );
}

/** Several items: each can be removed, others added. At least one stays. */
export function ItemList(props: { value: readonly string[]; onChange: (ids: string[]) => void }) {
  const { value, onChange } = props;
  const words = useRuleWords();
  const { items } = useBuilding();
  return (
    <span className="rule-items">
      {value.map((id) => {
        const title = items.find((item) => item.id === id)?.title ?? words.gone(id);
        return (
          <span key={id} className="rule-chip">
            {title}
            {value.length < 2 ? null : (
              <button
                type="button"
                className="link"
                aria-label={words.removeItem(title)}
                onClick={() => onChange(value.filter((each) => each !== id))}
              >
                ✕
              </button>
            )}
          </span>
        );
      })}
      <ItemSelect
        value=""
        label={words.addItem}
        prompt={words.addItem}
        without={value}
        onChange={(id) => onChange([...value, id])}
      />
    </span>
  );
}
