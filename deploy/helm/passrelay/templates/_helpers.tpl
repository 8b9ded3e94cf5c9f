{{- define "passrelay.name" -}}
{{ printf "%s-passrelay" .Release.Name | replace "passrelay-passrelay" "passrelay" | trunc 50 | trimSuffix "-" }}
{{- end -}}

{{- define "passrelay.selector" -}}
app.kubernetes.io/name: passrelay
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "passrelay.labels" -}}
{{ include "passrelay.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end -}}

{{- define "passrelay.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}

{{/* Settings that each process has. */}}
{{- define "passrelay.env" -}}
- { name: PASSRELAY_ENV, value: production }
- { name: LOG_LEVEL, value: {{ .Values.logLevel | quote }} }
- { name: PUBLIC_URL, value: {{ required "publicUrl is required: the https origin under which Klaviyo and phones reach the API" .Values.publicUrl | quote }} }
- { name: METRICS_HOST, value: 0.0.0.0 }
- { name: METRICS_PORT, value: '9464' }
- name: DATABASE_URL
  valueFrom: { secretKeyRef: { name: {{ .Values.secrets.database }}, key: DATABASE_URL } }
- name: SECRETS_KEY
  valueFrom: { secretKeyRef: { name: {{ .Values.secrets.encryption }}, key: SECRETS_KEY } }
- { name: TEMPORAL_ADDRESS, value: {{ required "temporal.address is required, such as temporal-frontend.temporal:7233" .Values.temporal.address | quote }} }
- { name: TEMPORAL_NAMESPACE, value: {{ .Values.temporal.namespace | quote }} }
- { name: TEMPORAL_TASK_QUEUE, value: {{ .Values.temporal.taskQueue | quote }} }
{{- with .Values.temporal.uiUrl }}
- { name: TEMPORAL_UI_URL, value: {{ . | quote }} }
{{- end }}
{{- with .Values.tracing.endpoint }}
- { name: OTEL_EXPORTER_OTLP_ENDPOINT, value: {{ . | quote }} }
{{- with $.Values.tracing.sampler }}
- { name: OTEL_TRACES_SAMPLER, value: {{ . | quote }} }
- { name: OTEL_TRACES_SAMPLER_ARG, value: {{ $.Values.tracing.samplerArg | quote }} }
{{- end }}
{{- end }}
{{- if .Values.temporal.clientCertificateSecret }}
- { name: TEMPORAL_TLS_CLIENT_CERT_PATH, value: /temporal-tls/tls.crt }
- { name: TEMPORAL_TLS_CLIENT_KEY_PATH, value: /temporal-tls/tls.key }
{{- end }}
{{- end -}}

{{- define "passrelay.envFrom" -}}
{{- if or .Values.secrets.temporal .Values.tracing.headersSecret }}
envFrom:
{{- with .Values.secrets.temporal }}
  - secretRef: { name: {{ . }} }
{{- end }}
{{- with .Values.tracing.headersSecret }}
  - secretRef: { name: {{ . }} }
{{- end }}
{{- end }}
{{- end -}}

{{- define "passrelay.podSecurity" -}}
runAsNonRoot: true
runAsUser: 1000
runAsGroup: 1000
fsGroup: 1000
seccompProfile: { type: RuntimeDefault }
{{- end -}}

{{- define "passrelay.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end -}}

{{- define "passrelay.mounts" -}}
- { name: tmp, mountPath: /tmp }
{{- if .Values.temporal.clientCertificateSecret }}
- { name: temporal-tls, mountPath: /temporal-tls, readOnly: true }
{{- end }}
{{- end -}}

{{- define "passrelay.volumes" -}}
- { name: tmp, emptyDir: {} }
{{- with .Values.temporal.clientCertificateSecret }}
- { name: temporal-tls, secret: { secretName: {{ . }}, defaultMode: 0440 } }
{{- end }}
{{- end -}}

{{- define "passrelay.placement" -}}
serviceAccountName: {{ include "passrelay.name" . }}
automountServiceAccountToken: false
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "passrelay.spread" -}}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector: { matchLabels: { {{- include "passrelay.selector" . | replace "\n" ", " | replace ": " ": " }} } }
{{- end -}}
