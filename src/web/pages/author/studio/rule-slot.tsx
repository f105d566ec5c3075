import { JsonField } from "./json-field.tsx";

export interface SlotProps {
  value: unknown;
  /** Undefined takes the field out of the document. */
  onChange: (value: unknown) => void;
  course: string;
  /** Id of the item. */
  item: string;
  label: string;
}

/** When an item opens. */
export function RuleField({ value, onChange, item, label }: SlotProps) {
  return <JsonField label={label} place={`${item} rule`} value={value ?? null} onChange={onChange} />;
}
