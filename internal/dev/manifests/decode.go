package manifests

import (
	"bytes"
	"errors"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// Object is one object of the cluster: a pointer to the type of its kind.
type Object any

// Monitor is a ServiceMonitor of the Prometheus operator, as far as the chart uses it.
type Monitor struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`

	Spec struct {
		Selector  metav1.LabelSelector `json:"selector"`
		Endpoints []struct {
			Port     string `json:"port"`
			Path     string `json:"path"`
			Interval string `json:"interval"`
		} `json:"endpoints"`
	} `json:"spec"`
}

// Rules is a PrometheusRule of the Prometheus operator.
type Rules struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`

	Spec struct {
		Groups []struct {
			Name     string `json:"name"`
			Interval string `json:"interval"`
			Rules    []struct {
				Alert       string            `json:"alert"`
				Record      string            `json:"record"`
				Expr        string            `json:"expr"`
				For         string            `json:"for"`
				Labels      map[string]string `json:"labels"`
				Annotations map[string]string `json:"annotations"`
			} `json:"rules"`
		} `json:"groups"`
	} `json:"spec"`
}

// kinds has a constructor for each kind that the chart may make. Another one is refused: a
// Role or a ClusterRole would be a right in the cluster, and no role needs one.
var kinds = map[string]func() Object{
	"apps/v1/Deployment":                      func() Object { return new(appsv1.Deployment) },
	"batch/v1/Job":                            func() Object { return new(batchv1.Job) },
	"v1/Service":                              func() Object { return new(corev1.Service) },
	"v1/ServiceAccount":                       func() Object { return new(corev1.ServiceAccount) },
	"networking.k8s.io/v1/Ingress":            func() Object { return new(networkingv1.Ingress) },
	"networking.k8s.io/v1/NetworkPolicy":      func() Object { return new(networkingv1.NetworkPolicy) },
	"policy/v1/PodDisruptionBudget":           func() Object { return new(policyv1.PodDisruptionBudget) },
	"monitoring.coreos.com/v1/ServiceMonitor": func() Object { return new(Monitor) },
	"monitoring.coreos.com/v1/PrometheusRule": func() Object { return new(Rules) },
}

// Decode reads objects from YAML documents. A field that the kind does not have, a key that
// comes twice and a kind that is not in the list are errors.
func Decode(text []byte) ([]Object, error) {
	var all []Object
	for i, document := range bytes.Split(text, []byte("\n---")) {
		var head metav1.TypeMeta
		if err := yaml.Unmarshal(document, &head); err != nil {
			return nil, fmt.Errorf("document %d: %w", i+1, err)
		}
		if head.Kind == "" {
			if only, err := yaml.YAMLToJSON(document); err != nil || string(only) != "null" {
				return nil, errors.Join(fmt.Errorf("document %d has no kind", i+1), err)
			}
			continue // comments alone
		}
		construct, known := kinds[head.APIVersion+"/"+head.Kind]
		if !known {
			return nil, fmt.Errorf("document %d: %s %s is no kind that the chart may make", i+1, head.APIVersion, head.Kind)
		}
		object := construct()
		if err := yaml.UnmarshalStrict(document, object); err != nil {
			return nil, fmt.Errorf("document %d, %s: %w", i+1, head.Kind, err)
		}
		all = append(all, object)
	}
	return all, nil
}

// Of returns the objects of one kind, such as Of[*appsv1.Deployment](all).
func Of[T any](all []Object) []T {
	var found []T
	for _, object := range all {
		if one, is := object.(T); is {
			found = append(found, one)
		}
	}
	return found
}
