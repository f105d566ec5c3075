import { LocalizedField } from "./fields.tsx";
import type { SlotProps } from "./rule-slot.tsx";

/** What an item says. */
export function ContentField({ value, onChange, label }: SlotProps) {
  return (
    <LocalizedField label={label} value={value} isLong onChange={(next) => onChange(next === "" ? undefined : next)} />
  );
}
