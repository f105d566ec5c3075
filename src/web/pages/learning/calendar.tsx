import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import { courseKey } from "../../api/queries.ts";
import { request } from "../../api/request.ts";
import { formatInstant, useLanguage } from "../../i18n/index.ts";
import { useLearningText } from "../../i18n/learning.ts";
import { FaultNote } from "../../parts/fault.tsx";
import type { CalendarAddress, CalendarState } from "./api.ts";

/** An address for the learner's calendar: made, copied, replaced, ended. */
export function CalendarBox({ course }: { course: string }) {
  const text = useLearningText();
  const [isOpen, setIsOpen] = useState(false);
  return (
    <details className="learning-box" onToggle={(event) => setIsOpen(event.currentTarget.open)}>
      <summary>{text.calendar}</summary>
      {isOpen ? <CalendarForm course={course} /> : null}
    </details>
  );
}

function CalendarForm({ course }: { course: string }) {
  const text = useLearningText();
  const language = useLanguage();
  const id = useId();
  const client = useQueryClient();
  const key = [...courseKey(course), "calendar"];
  const path = `/courses/${course}/calendar`;
  const state = useQuery({ queryKey: key, queryFn: () => request<CalendarState>(path) });
  const [said, setSaid] = useState("");
  const make = useMutation({
    mutationFn: () => request<CalendarAddress>(path, { method: "PUT" }),
    onSuccess: ({ created_at }) => {
      client.setQueryData(key, { created_at });
      setSaid("");
    },
  });
  const end = useMutation({
    mutationFn: () => request<unknown>(path, { method: "DELETE" }),
    onSuccess: () => {
      client.setQueryData(key, { created_at: null });
      make.reset();
      setSaid(text.calendarEnded);
    },
  });
  const since = state.data?.created_at ?? null;
  const address = make.data === undefined ? null : `${make.data.address}?lang=${language}`;
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(address ?? "");
      setSaid(text.copied);
    } catch {
      setSaid(text.notCopied);
    }
  };
  return (
    <div className="calendar-form">
      <p className="fine">{text.calendarLead}</p>
      {state.isError ? <FaultNote fault={state.error} retry={() => void state.refetch()} /> : null}
      {address === null ? null : (
        <div className="calendar-address">
          <label htmlFor={id}>{text.calendarAddress}</label>
          <input id={id} readOnly value={address} onFocus={(event) => event.currentTarget.select()} />
          <button type="button" className="button is-primary" onClick={() => void copy()}>
            {text.copy}
          </button>
          <p className="fine">{text.calendarShown}</p>
        </div>
      )}
      {address === null && since !== null ? <p>{text.calendarSince(formatInstant(since, language))}</p> : null}
      <p className="fine" role="status">
        {said}
      </p>
      {state.data === undefined ? null : (
        <p className="buttons">
          <button
            type="button"
            className={since === null ? "button is-primary" : "button"}
            aria-disabled={make.isPending}
            aria-describedby={since === null ? undefined : `${id}-again`}
            onClick={() => {
              if (!make.isPending) make.mutate();
            }}
          >
            {since === null ? text.calendarMake : text.calendarAgain}
          </button>
          {since === null ? null : (
            <>
              <button
                type="button"
                className="button is-quiet"
                aria-disabled={end.isPending}
                onClick={() => {
                  if (!end.isPending) end.mutate();
                }}
              >
                {text.calendarEnd}
              </button>
              <span className="fine" id={`${id}-again`}>
                {text.calendarAgainHint}
              </span>
            </>
          )}
        </p>
      )}
      {make.isError ? <FaultNote fault={make.error} /> : null}
      {end.isError ? <FaultNote fault={end.error} /> : null}
    </div>
  );
}
