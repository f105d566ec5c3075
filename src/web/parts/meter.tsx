import { useId } from "react";

/** How much of something is done, as a bar with its words. */
export function Meter({ value, max, label }: { value: number; max: number; label: string }) {
  const id = useId();
  return (
    <div className="meter">
      <span className="fine" id={id}>
        {label}
      </span>
      <progress value={value} max={Math.max(max, 1)} aria-labelledby={id} />
    </div>
  );
}
