//! `echo_supervisord_conf`: prints a configuration to begin with.
//!
//! It has every section and key, and each default. Lines that begin with `;` have no effect until that is removed.

use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;

/// Prints [`SAMPLE`]. Arguments are ignored, as in the original. 1 if nobody reads it.
#[must_use]
pub fn main(_arguments: Vec<OsString>) -> ExitCode {
    let mut out = std::io::stdout().lock();
    match out.write_all(SAMPLE.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// A configuration that starts no program yet.
pub const SAMPLE: &str = r#"; A configuration for supervisord, to be adapted.
;
; - A comment within a line needs a space before its semicolon, and what looks like one is cut off even inside quotes.
; - Quotes around values are part of the value, except in environment=.
; - A percent sign is written twice. %(here)s is the directory of this file, %(ENV_HOME)s a variable of the environment.
; - ~ and $HOME mean nothing special.
; - /tmp may be cleaned up at any time, and nobody can connect when the socket file is gone: choose better places.

[unix_http_server]
file=/tmp/supervisor.sock       ; the socket that supervisorctl uses
;chmod=0700                     ; its mode
;chown=nobody:nogroup           ; its owner and group
;username=user                  ; ask for a name and a password
;password=123                   ; in clear text or as {SHA} and a digest

; Whoever can reach this port can run commands as the user of supervisord, and nothing is encrypted. Keep it to the
; local machine or to a network you trust, and set a password.

;[inet_http_server]
;port=127.0.0.1:9001            ; address:port; *:port is every address
;username=user
;password=123

[supervisord]
logfile=/tmp/supervisord.log    ; the main log
logfile_maxbytes=50MB           ; rotate at this size; 0 is never
logfile_backups=10              ; rotated files that are kept
loglevel=info                   ; critical, error, warn, info, debug, trace or blather
pidfile=/tmp/supervisord.pid
nodaemon=false                  ; stay in the foreground
silent=false                    ; in the foreground, do not log to standard output
minfds=1024                     ; file descriptors that must be available
minprocs=200                    ; processes that must be available
;umask=022
;user=nobody                    ; become this user; needs root
;identifier=supervisor          ; the name of this supervisord in events and log files
;directory=/tmp                 ; change to it when going to the background
;nocleanup=false                ; keep old AUTO log files at the start
;childlogdir=/tmp               ; where AUTO log files are; default $TEMP
;environment=KEY="value"        ; variables for all programs
;strip_ansi=false               ; take terminal escape sequences out of logs

; supervisorctl and the web pages need this section as it is.

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface

; How supervisorctl finds supervisord: must fit one of the servers above.

[supervisorctl]
serverurl=unix:///tmp/supervisor.sock
;serverurl=http://127.0.0.1:9001
;username=user                  ; as in the server's section
;password=123
;prompt=supervisor              ; what the shell begins its lines with
;history_file=~/.sc_history     ; where the shell keeps what was typed

; A program. Values are the defaults where there is one.

;[program:name]
;command=/bin/cat               ; looked for in PATH if it has no slash; not run by a shell
;process_name=%(program_name)s  ; with numprocs, add %(process_num)02d or so
;numprocs=1                     ; how many copies run
;numprocs_start=0               ; the number of the first copy
;priority=999                   ; smaller starts earlier and stops later
;autostart=true                 ; start together with supervisord
;autorestart=unexpected         ; after an exit: true, false, or only if the code is not in exitcodes
;startsecs=1                    ; seconds it must live to count as started
;startretries=3                 ; further attempts before it is FATAL
;exitcodes=0                    ; codes that are no surprise, separated by commas
;stopsignal=TERM                ; what a stop sends first
;stopwaitsecs=10                ; seconds until SIGKILL follows
;stopasgroup=false              ; send the stop signal to the whole process group
;killasgroup=false              ; send SIGKILL to the whole process group
;user=nobody                    ; run as this user; needs root
;umask=022                      ; bits taken from the mode of new files
;directory=/tmp                 ; change to it before the start
;redirect_stderr=false          ; write standard error to stdout_logfile as well
;stdout_logfile=AUTO            ; a path, NONE, or AUTO for a file in childlogdir
;stdout_logfile_maxbytes=50MB   ; rotate at this size; 0 is never
;stdout_logfile_backups=10      ; rotated files that are kept
;stdout_capture_maxbytes=0      ; bytes between the capture marks that are sent as an event
;stdout_events_enabled=false    ; tell listeners of each piece of output
;stdout_syslog=false            ; send output to syslog as well
;stderr_logfile=AUTO            ; the same five again for standard error
;stderr_logfile_maxbytes=50MB
;stderr_logfile_backups=10
;stderr_capture_maxbytes=0
;stderr_events_enabled=false
;stderr_syslog=false
;environment=A="1",B="2"        ; variables, over those of [supervisord]
;serverurl=AUTO                 ; what SUPERVISOR_SERVER_URL says

; Programs that are told of events on their standard input and answer on their standard output.

;[eventlistener:name]
;command=/bin/eventlistener
;events=PROCESS_STATE,TICK_60   ; EVENT is all
;buffer_size=10                 ; events that wait; beyond it the oldest is dropped
;result_handler=supervisor.dispatchers:default_handler
;process_name=%(program_name)s  ; with numprocs, add %(process_num)02d or so
;numprocs=1                     ; how many copies run
;numprocs_start=0               ; the number of the first copy
;priority=-1                    ; smaller starts earlier and stops later
;autostart=true                 ; start together with supervisord
;autorestart=unexpected         ; after an exit: true, false, or only if the code is not in exitcodes
;startsecs=1                    ; seconds it must live to count as started
;startretries=3                 ; further attempts before it is FATAL
;exitcodes=0                    ; codes that are no surprise, separated by commas
;stopsignal=TERM                ; what a stop sends first
;stopwaitsecs=10                ; seconds until SIGKILL follows
;stopasgroup=false              ; send the stop signal to the whole process group
;killasgroup=false              ; send SIGKILL to the whole process group
;user=nobody                    ; run as this user; needs root
;umask=022                      ; bits taken from the mode of new files
;directory=/tmp                 ; change to it before the start
;redirect_stderr=false          ; must stay false: stdout carries the protocol
;stdout_logfile=AUTO            ; a path, NONE, or AUTO for a file in childlogdir
;stdout_logfile_maxbytes=50MB   ; rotate at this size; 0 is never
;stdout_logfile_backups=10      ; rotated files that are kept
;stdout_events_enabled=false    ; tell listeners of each piece of output
;stdout_syslog=false            ; send output to syslog as well
;stderr_logfile=AUTO            ; the same five again for standard error
;stderr_logfile_maxbytes=50MB
;stderr_logfile_backups=10
;stderr_events_enabled=false
;stderr_syslog=false
;environment=A="1",B="2"        ; variables, over those of [supervisord]
;serverurl=AUTO                 ; what SUPERVISOR_SERVER_URL says

; FastCGI programs share a listening socket as their standard input. Besides these keys they have those of [program:x].

;[fcgi-program:name]
;command=/usr/bin/php-cgi
;socket=unix:///tmp/%(program_name)s.sock ; or tcp://localhost:9002
;socket_owner=nobody:nogroup    ; of a unix socket
;socket_mode=0700               ; of a unix socket
;socket_backlog=128             ; connections that may wait

; Programs under one name.

;[group:name]
;programs=one,two               ; the names behind program: in sections of this file
;priority=999

; More files. Their paths are relative to this file; a file that is included cannot include others.

;[include]
;files=conf.d/*.ini
"#;
