import { type DragEvent, useId, useRef, useState } from "react";
import type { AskedQuestion } from "../../api/types.ts";
import { uploadFile } from "../../api/upload.ts";
import { useLanguage, useMessages } from "../../i18n/index.ts";
import { sizeText } from "../../lib/size-text.ts";
import { FaultNote } from "../../parts/fault.tsx";
import { filesOf, type ReadyFile } from "./answer.ts";

interface FileFieldProps {
  question: AskedQuestion;
  value: string;
  onChange: (value: string) => void;
  onBusy: (isBusy: boolean) => void;
}

/** Files that are uploaded at once and submitted with the form; a remark beside them. */
export function FileField({ question, value, onChange, onBusy }: FileFieldProps) {
  const messages = useMessages();
  const language = useLanguage();
  const id = useId();
  const { files, remark } = filesOf(value);
  // Uploads end one after the other, each after what the last one said.
  const latest = useRef({ files, remark });
  latest.current = { files, remark };
  const [sending, setSending] = useState<string[]>([]);
  const [refused, setRefused] = useState<string | null>(null);
  const [fault, setFault] = useState<unknown>(null);
  const [isOver, setIsOver] = useState(false);
  const { max_files: most, max_bytes: bytes, endings } = question;
  const kinds = (endings ?? []).map((ending) => `.${ending}`);
  const say = (next: { files: ReadyFile[]; remark: string }) => {
    latest.current = next;
    onChange(JSON.stringify(next));
  };
  const refusalOf = (file: File): string | null => {
    if (file.size > bytes) return messages.questionFileTooLarge(file.name, sizeText(bytes, language));
    const isFit = kinds.length === 0 || kinds.some((kind) => file.name.toLowerCase().endsWith(kind));
    return isFit ? null : messages.questionFileEnding(file.name, kinds.join(", "));
  };
  const add = async (chosen: readonly File[]) => {
    setFault(null);
    const wrong = chosen.map(refusalOf).find((refusal) => refusal !== null);
    const tooMany = latest.current.files.length + sending.length + chosen.length > most;
    setRefused(wrong ?? (tooMany ? messages.questionTooManyFiles(most) : null));
    if (wrong !== undefined || tooMany) return;
    setSending((names) => [...names, ...chosen.map(({ name }) => name)]);
    onBusy(true);
    for (const file of chosen) {
      try {
        const { id: stored, name, size } = await uploadFile(file);
        say({ ...latest.current, files: [...latest.current.files, { id: stored, name, size }] });
      } catch (reason) {
        setRefused(messages.questionFileFailed(file.name));
        setFault(reason);
      }
      setSending((names) => names.toSpliced(names.indexOf(file.name), 1));
    }
    onBusy(false);
  };
  const onDrop = (event: DragEvent) => {
    event.preventDefault();
    setIsOver(false);
    void add([...event.dataTransfer.files]);
  };
  return (
    <>
      <fieldset
        className={isOver ? "options drop-place is-over" : "options drop-place"}
        onDragOver={(event) => {
          event.preventDefault();
          setIsOver(true);
        }}
        onDragLeave={() => setIsOver(false)}
        onDrop={onDrop}
      >
        <legend>{messages.questionFiles}</legend>
        <p className="fine" id={`${id}-limits`}>
          {messages.questionFileLimits(most, sizeText(bytes, language), kinds.join(", "))} {messages.questionDrop}
        </p>
        <ul className="submitted-files">
          {files.map((file) => (
            <li key={file.id}>
              <span>{file.name}</span> <span className="fine">{sizeText(file.size, language)}</span>{" "}
              <button
                type="button"
                className="button is-small is-quiet"
                aria-label={messages.questionRemoveFile(file.name)}
                onClick={() => say({ files: files.filter((each) => each.id !== file.id), remark })}
              >
                ✕
              </button>
            </li>
          ))}
        </ul>
        <div role="status">
          {sending.map((name, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: two files may have one name.
            <p key={index} className="fine">
              {messages.questionUploading(name)}
            </p>
          ))}
        </div>
        <p role="alert">{refused}</p>
        {fault === null ? null : <FaultNote fault={fault} />}
        {files.length >= most ? null : (
          <label className="button is-small file">
            {messages.questionAddFile}
            <input
              type="file"
              multiple={most > 1}
              accept={kinds.join(",")}
              aria-describedby={`${id}-limits`}
              onChange={(event) => {
                void add([...(event.target.files ?? [])]);
                event.target.value = "";
              }}
            />
          </label>
        )}
      </fieldset>
      <label className="field">
        <span>{messages.questionRemark}</span>
        <textarea rows={2} value={remark} onChange={(event) => say({ files, remark: event.target.value })} />
      </label>
    </>
  );
}
