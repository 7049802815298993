# Compares grants, as the outputs iam_grants list them, with the rows of a section of docs/iam.md.
variable "grants" {
  description = "Grants as 'member | role | resource'."
  type        = list(string)
}

variable "section" {
  description = "Heading in docs/iam.md whose table must list them."
  type        = string
}

variable "project_id" {
  description = "What the table writes as PROJECT."
  type        = string
}

locals {
  document = file("${path.module}/../../../docs/iam.md")
  section  = split("\n## ", split("\n## ${var.section}\n", local.document)[1])[0]
  rows     = regexall("(?m)^\\| `([^`]+)` \\| `(roles/[^`]+)` \\| ([a-z]+) `([^`]+)` \\| [^|]{20,} \\|$", local.section)
  lines    = regexall("(?m)^\\| `", local.section)

  documented = toset([for row in local.rows : "${row[0]} | ${row[1]} | ${row[2]} ${row[3]}"])
  planned = toset([
    for grant in var.grants :
    replace(replace(replace(replace(replace(grant, "serviceAccount:", ""),
      "@${var.project_id}.iam.gserviceaccount.com", ""),
      ".iam.gserviceaccount.com", ""),
      var.project_id, "PROJECT"),
    "123456789012", "NUMBER")
  ])
}

output "undocumented" {
  description = "Grants without a row."
  value       = setsubtract(local.planned, local.documented)
}

output "not_planned" {
  description = "Rows without a grant."
  value       = setsubtract(local.documented, local.planned)
}

output "unreadable" {
  description = "Rows that are not: account, role, kind and name of a resource, and a reason of at least 20 characters."
  value       = length(local.lines) - length(local.rows)
}
