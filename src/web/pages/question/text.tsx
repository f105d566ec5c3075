import { type KeyboardEvent, useId } from "react";
import { useMessages } from "../../i18n/index.ts";
import type { FieldProps } from "./answer.ts";

/** A short text in one line, or whatever somebody wants to write. */
export function TextField({ question, value, onChange }: FieldProps) {
  const messages = useMessages();
  const id = useId();
  const common = { name: "answer", value, spellCheck: false, autoCapitalize: "off" } as const;
  if (question?.kind === "text") {
    return (
      <label className="field">
        <span>{messages.questionText}</span>
        <input {...common} autoComplete="off" onChange={(event) => onChange(event.target.value)} />
      </label>
    );
  }
  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) event.currentTarget.form?.requestSubmit();
  };
  return (
    <label className="field">
      <span>{messages.yourAnswer}</span>
      <textarea
        {...common}
        rows={3}
        aria-describedby={`${id}-hint`}
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={onKeyDown}
      />
      <span className="fine" id={`${id}-hint`}>
        {messages.answerHint}
      </span>
    </label>
  );
}
