# The English beside the Chinese: same keys.

prompts-spoken = a local voice
prompts-placeholder = a machine's voice
prompts-stale = says other words
prompts-missing = nothing
prompts-counts = { $all } in all: { $spoken } by a local voice, { $placeholder } by a machine, { $stale } with other words, { $missing } missing

record-how = Read each sentence aloud as it appears. Press Enter before, and Enter after.
record-read = Read this ({ $place }/{ $all }): { $says }
record-begin = Enter to begin; s to skip it, q to end:
record-end = Recording; Enter when you have read it:
record-heard = { $seconds } seconds. Listen to it now.
record-quiet = Nothing was heard. Come nearer to the microphone and read it again.
record-cut = The microphone went away. Look at its cable and read it again.
record-keep = Enter to keep it; a to read it again, s to skip it, q to end:
record-kept = Kept.
record-done = That was all.
record-no-microphone = There is no microphone: { $why }
record-no-loudspeaker = Nothing can be played: { $why }
pin-ask = New service PIN, six to twelve digits:
pin-kept = The service PIN is set.
