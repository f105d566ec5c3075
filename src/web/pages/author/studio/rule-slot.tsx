import { RuleField as RuleBuilder } from "../rules/index.tsx";

interface RuleSlotProps {
  value: unknown;
  /** Undefined removes the rule from the document. */
  onChange: (value: unknown) => void;
  /** The whole draft. */
  document: unknown;
  /** Id of the item. */
  item: string;
  label: string;
}

/** When an item opens. */
export function RuleField({ value, onChange, document, item, label }: RuleSlotProps) {
  return (
    <fieldset className="studio-slot">
      <legend>{label}</legend>
      <RuleBuilder value={value} onChange={(next) => onChange(next ?? undefined)} course={document} item={item} />
    </fieldset>
  );
}
