{{- /* The name of everything, and with a role that of its parts. */ -}}
{{- define "na.fullname" -}}
{{- .Values.fullnameOverride | default (contains (.Values.nameOverride | default .Chart.Name) .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name (.Values.nameOverride | default .Chart.Name))) | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{- /* Labels by which pods are chosen. They never change. */ -}}
{{- define "na.selector" -}}
app.kubernetes.io/name: {{ .root.Values.nameOverride | default .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .name }}
{{- end -}}

{{- define "na.labels" -}}
{{ include "na.selector" . }}
app.kubernetes.io/version: {{ .root.Values.image.tag | default .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- with .root.Values.productId }}
productId: {{ . | quote }}
{{- end }}
{{- end -}}

{{- define "na.image" -}}
{{ required "image.repository: the image is not named" .image.repository }}:{{ .image.tag | default .root.Chart.AppVersion }}
{{- end -}}

{{- /* The roles that run, as JSON: name, what it is (roles.yaml) and its values, which are
those on top with its own over them. */ -}}
{{- define "na.roles" -}}
{{- $root := . -}}
{{- $read := .Files.Get "roles.yaml" | fromYaml -}}
{{- $table := dict -}}
{{- range $name, $is := omit $read "every" -}}
{{- $whole := deepCopy $is -}}
{{- range $key, $list := $read.every -}}{{- $_ := set $whole $key (concat (index $is $key | default list) $list) -}}{{- end -}}
{{- $_ := set $table $name $whole -}}
{{- end -}}
{{- range $name, $_ := .Values.roles -}}
{{- if not (hasKey $table $name) -}}{{ fail (printf "roles.%s: there is no such role" $name) }}{{- end -}}
{{- end -}}
{{- $known := list -}}
{{- range $name, $is := $table -}}{{- $known = concat $known $is.env -}}{{- end -}}
{{- range $variable, $_ := .Values.env -}}
{{- if not (has $variable $known) -}}{{ fail (printf "env.%s: no role knows this variable; one that is a secret is named in namespace_secrets" $variable) }}{{- end -}}
{{- end -}}
{{- $all := list -}}
{{- range $name, $is := $table -}}
{{- $own := index $root.Values.roles $name | default dict -}}
{{- if ne (toString $own.enabled) "false" -}}
{{- $values := mergeOverwrite (omit (deepCopy $root.Values) "roles" "schema" "env" "namespace_secrets" "ingress") (deepCopy $own) -}}
{{- $env := dict -}}
{{- if and $root.Values.productId (has "PRODUCT_ID" $is.env) -}}{{- $_ := set $env "PRODUCT_ID" $root.Values.productId -}}{{- end -}}
{{- range $variable, $value := $root.Values.env -}}
{{- if has $variable $is.env -}}{{- $_ := set $env $variable $value -}}{{- end -}}
{{- end -}}
{{- range $variable, $value := $own.env -}}
{{- if not (has $variable $is.env) -}}{{ fail (printf "roles.%s.env.%s: the role does not know this variable" $name $variable) }}{{- end -}}
{{- $_ := set $env $variable $value -}}
{{- end -}}
{{- $_ := set $values "env" $env -}}
{{- $all = append $all (dict "name" $name "is" $is "values" $values) -}}
{{- end -}}
{{- end -}}
{{- $all | toJson -}}
{{- end -}}

{{- /* The secret variables of a role. A "?" says that the key may be missing. */ -}}
{{- define "na.secrets" -}}
{{- $secrets := .secrets -}}
{{- if not $secrets -}}
{{- $keys := dict -}}
{{- range .is.secrets -}}{{- $_ := set $keys (trimSuffix "?" .) . -}}{{- end -}}
{{- $secrets = dict (printf "%s-%s" (include "na.fullname" .root) .name) $keys -}}
{{- end -}}
{{- $known := list -}}
{{- range .is.secrets -}}{{- $known = append $known (trimSuffix "?" .) -}}{{- end -}}
{{- $name := .name -}}
{{- range $secret, $variables := $secrets }}
{{- range $variable, $key := $variables }}
{{- if not (has $variable (concat $known $.is.env)) }}{{ fail (printf "namespace_secrets of %s: the role does not know %s" $name $variable) }}{{ end }}
- name: {{ $variable }}
  valueFrom:
    secretKeyRef:
      name: {{ $secret }}
      key: {{ trimSuffix "?" $key }}
      {{- if hasSuffix "?" $key }}
      optional: true
      {{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{- /* How a pod is kept in: user, groups, no token of the cluster. */ -}}
{{- define "na.pod" -}}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .values.imagePullSecrets }}
imagePullSecrets: {{ toYaml . | nindent 2 }}
{{- end }}
securityContext: {{ toYaml .values.podSecurityContext | nindent 2 }}
{{- with .values.nodeSelector }}
nodeSelector: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .values.tolerations }}
tolerations: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .values.affinity }}
affinity: {{ toYaml . | nindent 2 }}
{{- end }}
{{- $files := .is.files | default dict }}
{{- if or .values.authorities.configMap $files }}
volumes:
  {{- with .values.authorities.configMap }}
  - name: authorities
    configMap:
      name: {{ . }}
  {{- end }}
  {{- if $files }}
  - name: files
    secret:
      secretName: {{ .values.filesSecret | default (printf "%s-%s-files" (include "na.fullname" .root) .name) }}
      defaultMode: 0440
  {{- end }}
{{- end }}
{{- end -}}

{{- define "na.mounts" -}}
{{- if or .values.authorities.configMap .is.files }}
volumeMounts:
  {{- if .values.authorities.configMap }}
  - name: authorities
    mountPath: /etc/authorities
    readOnly: true
  {{- end }}
  {{- if .is.files }}
  - name: files
    mountPath: /etc/files
    readOnly: true
  {{- end }}
{{- end }}
{{- end -}}
