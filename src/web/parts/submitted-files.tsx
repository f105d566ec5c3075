import { useState } from "react";
import type { SubmittedFile } from "../api/types.ts";
import { saveFile } from "../api/upload.ts";
import { useLanguage, useMessages } from "../i18n/index.ts";
import { sizeText } from "../lib/size-text.ts";
import { FaultNote } from "./fault.tsx";

/** The files of a submission, to be saved: for its learner and for whoever judges. Nothing where there are none. */
export function SubmittedFiles({ submission, files }: { submission: string; files: readonly SubmittedFile[] }) {
  const messages = useMessages();
  const language = useLanguage();
  const [fault, setFault] = useState<unknown>(null);
  if (files.length === 0) return null;
  return (
    <>
      <ul className="submitted-files" aria-label={messages.submittedFiles}>
        {files.map(({ id, name, size }) => (
          <li key={id}>
            <button
              type="button"
              className="link"
              onClick={() => {
                setFault(null);
                saveFile(`/api/v1/submissions/${submission}/files/${id}`, name).catch(setFault);
              }}
            >
              {name}
            </button>{" "}
            <span className="fine">{sizeText(size, language)}</span>
          </li>
        ))}
      </ul>
      {fault === null ? null : <FaultNote fault={fault} />}
    </>
  );
}
