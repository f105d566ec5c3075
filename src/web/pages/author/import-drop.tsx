import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useLocation } from "wouter";
import { request } from "../../api/request.ts";
import { useImportText } from "../../i18n/imports.ts";
import { FaultNote } from "../../parts/fault.tsx";

/** A button that removes something for good after a confirmation, and leads back to the list. */
function Drop({ path, label, question }: { path: string; label: string; question: string }) {
  const client = useQueryClient();
  const [, navigate] = useLocation();
  const drop = useMutation({
    mutationFn: () => request<void>(path, { method: "DELETE" }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["imports"] });
      navigate("/author/imports");
    },
  });
  return (
    <>
      <button
        type="button"
        className="button"
        aria-disabled={drop.isPending}
        onClick={() => {
          if (!drop.isPending && window.confirm(question)) drop.mutate();
        }}
      >
        {label}
      </button>
      {drop.isError ? <FaultNote fault={drop.error} /> : null}
    </>
  );
}

export function DropDraft({ course, version }: { course: string; version: number }) {
  const importText = useImportText();
  const path = `/courses/${course}/drafts/${version}`;
  return <Drop path={path} label={importText.dropDraft} question={importText.dropDraftSure(version)} />;
}

export function DropImport({ id, hasEnded }: { id: string; hasEnded: boolean }) {
  const importText = useImportText();
  const label = hasEnded ? importText.dropImport : importText.stopImport;
  return <Drop path={`/courses/imports/${id}`} label={label} question={importText.dropImportSure} />;
}
