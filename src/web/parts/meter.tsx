import { useId } from "react";

/** How much of something is done, as a bar with its words; nothing where there is nothing to do. */
export function Meter({ value, max, label }: { value: number; max: number; label: string }) {
  const id = useId();
  if (max === 0) return null;
  return (
    <div className="meter">
      <span className="fine" id={id}>
        {label}
      </span>
      <progress value={value} max={max} aria-labelledby={id} />
    </div>
  );
}
