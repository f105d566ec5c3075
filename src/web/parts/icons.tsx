import type { ReactNode } from "react";
import type { ItemState } from "../api/types.ts";

/** Drawings on a grid of 20, in the colour of the text around them. They say nothing to a screen reader: words do. */
function Icon({ children, className }: { children: ReactNode; className?: string }) {
  return (
    <svg className={`icon ${className ?? ""}`} viewBox="0 0 20 20" aria-hidden="true" focusable="false">
      {children}
    </svg>
  );
}

/** A state by its outline: a closed lock, an open ring, a half-filled disc, a disc with a tick. */
export function StateIcon({ state }: { state: ItemState }) {
  return <Icon className={`state-icon is-${state}`}>{SHAPES[state]}</Icon>;
}

const SHAPES: Record<ItemState, ReactNode> = {
  locked: (
    <>
      <path d="M6.2 9V6.6a3.8 3.8 0 0 1 7.6 0V9" fill="none" stroke="currentColor" strokeWidth="1.8" />
      <rect x="4" y="9" width="12" height="8.2" rx="2" fill="currentColor" />
    </>
  ),
  unlocked: <circle cx="10" cy="10" r="6.6" fill="none" stroke="currentColor" strokeWidth="2.2" />,
  started: (
    <>
      <circle cx="10" cy="10" r="6.6" fill="none" stroke="currentColor" strokeWidth="2.2" />
      <path d="M10 3.4a6.6 6.6 0 0 1 0 13.2z" fill="currentColor" />
    </>
  ),
  completed: (
    <>
      <circle cx="10" cy="10" r="8" fill="currentColor" />
      <path
        className="tick"
        d="M6.2 10.4l2.6 2.6 5-5.6"
        fill="none"
        strokeWidth="2"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </>
  ),
};

export function KeyholeMark() {
  return (
    <svg className="keyhole" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <rect width="16" height="16" rx="4" className="keyhole-plate" />
      <path d="M8 3a3 3 0 0 0-1.5 5.6L6 13h4l-.5-4.4A3 3 0 0 0 8 3z" className="keyhole-hole" />
    </svg>
  );
}

export function ArrowIcon() {
  return (
    <Icon>
      <path
        d="M4 10h11m-4.5-4.5L15 10l-4.5 4.5"
        fill="none"
        stroke="currentColor"
        strokeWidth="1.8"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </Icon>
  );
}

export function SparkIcon() {
  return (
    <Icon className="spark">
      <path d="M10 2l1.7 5.3L17 9l-5.3 1.7L10 16l-1.7-5.3L3 9l5.3-1.7z" fill="currentColor" />
    </Icon>
  );
}

export function WarnIcon() {
  return (
    <Icon>
      <path d="M10 3l8 14H2z" fill="none" stroke="currentColor" strokeWidth="1.8" strokeLinejoin="round" />
      <path d="M10 8v4.2m0 2.2v.4" stroke="currentColor" strokeWidth="1.8" strokeLinecap="round" />
    </Icon>
  );
}
