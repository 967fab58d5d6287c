# DevStack plugin of Doctor: installs it, configures it and starts its daemons
# on the node that runs the control plane. See README.rst beside it.
# shellcheck shell=bash
# shellcheck disable=SC2154  # DevStack and settings set the variables.

_DOCTOR_DAEMONS="doctor-inspector doctor-monitor"

# Whether any of Doctor's daemons is enabled on this node; for
# is_service_enabled doctor.
function is_doctor_enabled {
    local daemon
    for daemon in $_DOCTOR_DAEMONS; do
        [[ ,$ENABLED_SERVICES, == *,"$daemon",* ]] && return 0
    done
    return 1
}

function doctor_service_url {
    echo "$DOCTOR_SERVICE_PROTOCOL://$DOCTOR_SERVICE_HOST:$DOCTOR_SERVICE_PORT"
}

function install_doctor {
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        die $LINENO "Doctor needs Python 3.11 or later"
    setup_develop "$DOCTOR_DIR"
}

function configure_doctor {
    sudo install -d -o "$STACK_USER" -m 750 "$DOCTOR_CONF_DIR"
    # It holds passwords.
    rm -f "$DOCTOR_CONF"
    install -m 640 /dev/null "$DOCTOR_CONF"

    iniset "$DOCTOR_CONF" DEFAULT debug "$ENABLE_DEBUG_LOG_LEVEL"
    iniset "$DOCTOR_CONF" DEFAULT state_path "$DOCTOR_STATE_PATH"
    setup_logging "$DOCTOR_CONF"

    iniset "$DOCTOR_CONF" bus transport_url "$(get_transport_url)"

    iniset "$DOCTOR_CONF" cloud auth_type password
    iniset "$DOCTOR_CONF" cloud auth_url "$KEYSTONE_SERVICE_URI"
    iniset "$DOCTOR_CONF" cloud username doctor
    iniset "$DOCTOR_CONF" cloud password "$SERVICE_PASSWORD"
    iniset "$DOCTOR_CONF" cloud user_domain_name "$SERVICE_DOMAIN_NAME"
    iniset "$DOCTOR_CONF" cloud project_name "$SERVICE_PROJECT_NAME"
    iniset "$DOCTOR_CONF" cloud project_domain_name "$SERVICE_DOMAIN_NAME"
    iniset "$DOCTOR_CONF" cloud region_name "$REGION_NAME"
    if is_service_enabled tls-proxy; then
        iniset "$DOCTOR_CONF" cloud cafile "$SSL_BUNDLE_FILE"
    fi
    iniset "$DOCTOR_CONF" cloud notifications_transport_url \
        "$(get_notification_url)"

    iniset "$DOCTOR_CONF" monitor type "$DOCTOR_MONITOR"
    iniset "$DOCTOR_CONF" inspector type "$DOCTOR_INSPECTOR"
    iniset "$DOCTOR_CONF" inspector host "$DOCTOR_SERVICE_HOST"
    iniset "$DOCTOR_CONF" inspector port "$DOCTOR_SERVICE_PORT"
    iniset "$DOCTOR_CONF" inspector auth_strategy keystone
    iniset "$DOCTOR_CONF" inspector notification "$DOCTOR_NOTIFICATION"
    iniset "$DOCTOR_CONF" alarm type "$(_doctor_alarm)"
    iniset "$DOCTOR_CONF" installer type devstack
}

function _doctor_alarm {
    if [[ -n "$DOCTOR_ALARM" ]]; then
        echo "$DOCTOR_ALARM"
    elif is_service_enabled aodh-listener; then
        echo aodh
    else
        echo local
    fi
}

# Its user, which corrects the picture of all projects, and its endpoints.
function create_doctor_accounts {
    create_service_user doctor admin
    get_or_create_service doctor fault-management "Doctor fault management"
    get_or_create_endpoint fault-management "$REGION_NAME" \
        "$(doctor_service_url)" "$(doctor_service_url)" "$(doctor_service_url)"
}

# Doctor's own unit under the name that DevStack gives to all: run_process
# would write one without readiness, watchdog and CAP_NET_RAW.
function _doctor_write_unit {
    local daemon=$1
    local unit=$SYSTEMD_DIR/devstack@$daemon.service
    sudo install -m 644 "$DOCTOR_DIR/etc/systemd/$daemon.service" "$unit"
    sudo install -d -m 755 "$unit.d"
    sudo tee "$unit.d/devstack.conf" >/dev/null <<UNIT
[Service]
User=$STACK_USER
Group=
ExecStart=
ExecStart=$(get_python_exec_prefix)/$daemon --config-file $DOCTOR_CONF
# DevStack may be in a home.
ProtectHome=read-only
UNIT
}

function start_doctor {
    local daemon
    for daemon in $_DOCTOR_DAEMONS; do
        is_service_enabled "$daemon" || continue
        _doctor_write_unit "$daemon"
        $SYSTEMCTL daemon-reload
        $SYSTEMCTL enable "devstack@$daemon.service"
        # Returns when the daemon has told that it is ready.
        # shellcheck disable=SC2086  # SYSTEMCTL is "sudo systemctl".
        timeout "$SERVICE_TIMEOUT" $SYSTEMCTL start \
            "devstack@$daemon.service" ||
            die $LINENO "$daemon did not start:" \
                "journalctl -u devstack@$daemon tells why"
    done
}

# The monitor first: what it has seen is still taken in.
function stop_doctor {
    stop_process doctor-monitor
    stop_process doctor-inspector
}

function cleanup_doctor {
    local daemon
    for daemon in $_DOCTOR_DAEMONS; do
        sudo rm -rf "$SYSTEMD_DIR/devstack@$daemon.service" \
            "$SYSTEMD_DIR/devstack@$daemon.service.d"
    done
    $SYSTEMCTL daemon-reload
    sudo rm -rf "$DOCTOR_CONF_DIR" "$DOCTOR_STATE_PATH"
}

if is_service_enabled doctor; then
    case "$1 ${2:-}" in
    "stack install")
        echo_summary "Installing Doctor"
        install_doctor
        ;;
    "stack post-config")
        echo_summary "Configuring Doctor"
        configure_doctor
        ;;
    "stack extra")
        echo_summary "Starting Doctor"
        create_doctor_accounts
        start_doctor
        ;;
    "unstack "*)
        echo_summary "Stopping Doctor"
        stop_doctor
        ;;
    "clean "*)
        echo_summary "Cleaning up after Doctor"
        cleanup_doctor
        ;;
    esac
fi
